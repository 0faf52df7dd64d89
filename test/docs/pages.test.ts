import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configSchema } from '../../src/config/config-schema.ts'
import { blocksOf } from './blocks.ts'
import { pagesIn } from './pages.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const pages = pagesIn(ROOT).map((file) => [relative(ROOT, file), file] as const)

/** As GitHub makes anchors: small letters, digits and hyphens; spaces become hyphens, other signs go. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const withoutBlocks = (page: string) => page.replace(/^```[\s\S]*?^```$/gm, '')

function anchorsOf(file: string): Set<string> {
  const text = withoutBlocks(readFileSync(file, 'utf8'))
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!)))
}

/** Why a link of a page leads nowhere; null when it leads somewhere, or out of this repository. */
function brokenLink(file: string, link: string): string | null {
  if (/^[a-z]+:/.test(link)) return null
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? file : join(dirname(file), path)
  if (!existsSync(target)) return `${link}: there is no such file`
  if (anchor === undefined || anchorsOf(target).has(anchor)) return null
  return `${link}: there is no such heading`
}

describe.each(pages)('%s', (_, file) => {
  test('has no broken links', () => {
    const links = [...withoutBlocks(readFileSync(file, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)]
    expect(links.map(([, link]) => brokenLink(file, link!)).filter((fault) => fault !== null)).toEqual([])
  })

  test('names only files of this repository that exist', () => {
    const named = [
      ...withoutBlocks(readFileSync(file, 'utf8')).matchAll(
        /`((?:src|test|machines|migrations|docs)\/[^`\s<>…*]+)`/g,
      ),
    ]
    expect(named.map(([, path]) => path!).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('shows only configurations that the program accepts', () => {
    const shown = blocksOf(readFileSync(file, 'utf8')).filter(({ info }) =>
      info.get('file')?.endsWith('cutter.yaml'),
    )
    for (const { lines } of shown)
      expect(configSchema.safeParse(parse(lines.join('\n'))).error?.issues ?? []).toEqual([])
  })
})

test('README has at most 200 lines', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length - 1).toBeLessThanOrEqual(200)
})
