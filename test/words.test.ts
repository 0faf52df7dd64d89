import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Words that the glossary replaces, with their inflections. */
const AVOIDED: Record<string, RegExp> = {
  anew: /\banew\b/gi,
  mend: /\bmend(?:s|ed|ing)?\b/gi,
  'take up': /\b(?:tak(?:es?|en|ing)|took) up\b/gi,
  'put back': /\bputs? back\b/gi,
  beside: /\bbeside\b/gi,
  whole: /\bwhole\b/gi,
  'goes on': /\bgoes on\b/gi,
  looks: /\blooks\b/gi,
  hurry: /\bhurr(?:y|ies|ied)\b/gi,
  told: /\btold\b/gi,
  said: /\bsaid\b/gi,
  yeses: /\byeses\b/gi,
  'in hand': /\bin hand\b/gi,
  'none of ours': /\bnone of ours\b/gi,
  'for ever': /\bfor ever\b/gi,
  'that is none': /\bthat is none\b/gi,
}

/** Frozen texts: their bytes are part of evidence bundles that exist. */
const FROZEN = ['src/bundle/format-1/', 'test/fixtures/']
const SELF = ['test/words.test.ts', 'test/words-exceptions.json']

const exceptions = JSON.parse(readFileSync(join(root, 'test/words-exceptions.json'), 'utf8')) as Record<
  string,
  Record<string, number>
>

/** How often each avoided word occurs in each file, comments, strings and names alike. */
function occurrences(): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {}
  for (const folder of ['src', 'machines', 'test']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      const file = join(folder, name)
      if (!/\.(ts|mjs|tsx)$/.test(file) || file.includes('node_modules') || SELF.includes(file)) continue
      if (FROZEN.some((prefix) => file.startsWith(prefix))) continue
      const text = readFileSync(join(root, file), 'utf8')
      for (const [word, pattern] of Object.entries(AVOIDED)) {
        const count = [...text.matchAll(pattern)].length
        if (count > 0) found[file] = { ...found[file], [word]: count }
      }
    }
  }
  return found
}

test('source and tests use the words of the glossary, apart from the listed exceptions, which may only shrink', () => {
  expect(occurrences()).toEqual(exceptions)
})
