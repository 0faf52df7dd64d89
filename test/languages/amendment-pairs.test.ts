import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Change } from '../../src/document/diff/change.ts'
import { diffDocuments } from '../../src/document/diff/diff-documents.ts'
import { scanDocument } from '../../src/document/scan.ts'

// Real amendments, against a plain comparison: the text is divided at the lines of its headings, and texts of one number are compared.

const shared = join(import.meta.dirname, '../../../shared/documents')
const licences = createRequire(import.meta.url)('spdx-license-list/full.js') as {
  [id: string]: { licenseText: string }
}
const isThere = (name: string) => name in licences || existsSync(join(shared, name))
const textOf = (name: string) => licences[name]?.licenseText ?? readFileSync(join(shared, name), 'utf8')

const ARTICLE = /^\s*Article (\d+) /
const SECTION = /^Section (\d+) ?[–.]/u
const NUMBER = /^(\d+)\. ?\p{L}/u

/** Names, and the lines at which a numbered unit begins. */
const PAIRS: [before: string, after: string, heading: RegExp][] = [
  [
    'de-grundgesetz-a-2010-07.md',
    'de-grundgesetz-b-2012-07.md',
    /^### (?:\(XXXX\) )?Art (\d+[a-z]?(?: und \d+)?)/,
  ],
  ['fr-constitution-1958-a-2009-03-01.md', 'fr-constitution-1958-b-2009-12-01.md', /^##### Article (\d.*)$/],
  ['CECILL-2.0', 'CECILL-2.1', ARTICLE],
  ['CECILL-B', 'CECILL-C', ARTICLE],
  ['CC-BY-4.0', 'CC-BY-SA-4.0', SECTION],
  ['CC-BY-4.0', 'CC-BY-ND-4.0', SECTION],
  ['CC-BY-NC-4.0', 'CC-BY-NC-SA-4.0', SECTION],
  ['CC-BY-NC-4.0', 'CC-BY-NC-ND-4.0', SECTION],
  ['AFL-2.1', 'AFL-3.0', /^\s*(\d+)\) /],
  ['OSL-2.1', 'OSL-3.0', /^\s*(\d+)\) /],
  ['EUPL-1.1', 'EUPL-1.2', NUMBER],
  ['NLOD-1.0', 'NLOD-2.0', NUMBER],
  ['LiLiQ-R-1.1', 'LiLiQ-Rplus-1.1', /^(\d+(?:\.\d)?)\.? \S/],
  ['CDLA-Permissive-1.0', 'CDLA-Sharing-1.0', SECTION],
  ['CDDL-1.0', 'CDDL-1.1', NUMBER],
  ['OLDAP-2.7', 'OLDAP-2.8', NUMBER],
]

/** What a comparison found of each number. A second text of one number counts for itself. */
interface Found {
  unchanged: string[]
  amended: string[]
  added: string[]
  repealed: string[]
}

function comparePlainly(before: string, after: string, heading: RegExp): Found {
  const [old, now] = [divide(before, heading), divide(after, heading)]
  const same = (number: string) => old.get(number)!.trim() === now.get(number)!.trim()
  const both = [...old.keys()].filter((number) => now.has(number))
  return {
    unchanged: both.filter(same),
    amended: both.filter((number) => !same(number)),
    added: [...now.keys()].filter((number) => !old.has(number)),
    repealed: [...old.keys()].filter((number) => !now.has(number)),
  }
}

function divide(text: string, heading: RegExp): Map<string, string> {
  const parts = new Map<string, string>()
  const isMarkdown = /^#{1,6} /m.test(text)
  let current: string | null = null
  for (const line of text.split('\n')) {
    const number = heading.exec(line)?.[1]
    if (number !== undefined) current = parts.has(number) ? `${number} again` : number
    else if (isMarkdown && /^#{1,6} /.test(line)) current = null
    if (current !== null) parts.set(current, `${parts.get(current) ?? ''}${line}\n`)
  }
  return parts
}

function compareByCutter(before: string, after: string): Found & { others: Change[] } {
  const scanned = (text: string) => {
    const bytes = Buffer.from(text)
    return { bytes, scan: scanDocument(bytes, { document: 'DOC' }) }
  }
  const [old, now] = [scanned(before), scanned(after)]
  const numbers = new Map(
    [...old.scan.records, ...now.scan.records]
      .filter(({ level, number }) => number !== null && level !== 'annex')
      .map(({ address, number }) => [address!, number!]),
  )
  const { changes } = diffDocuments(old, now)
  const mine = changes.filter(({ address }) => numbers.has(address))
  const of = (kind: string) =>
    mine
      .filter(({ change }) => change === kind)
      .map(({ address, occurrence = 1 }) => numbers.get(address)! + (occurrence > 1 ? ' again' : ''))
  const kinds = ['unchanged', 'amended', 'added', 'repealed']
  return {
    ...{ unchanged: of('unchanged'), amended: of('amended'), added: of('added'), repealed: of('repealed') },
    others: mine.filter(({ change }) => !kinds.includes(change)),
  }
}

/** Numbers as a heading writes them, in the form of addresses: "12a" is 12A, "74a und 75" is 74A_75. */
const normalised = (numbers: string[]) =>
  numbers
    .map((number) =>
      number
        .replace(' und ', '_')
        .replace(/(\d)([a-z])(?=_|$)/g, (_, digit: string, letter: string) => digit + letter.toUpperCase()),
    )
    .sort()

test.each(PAIRS)(
  '%s and %s differ in the units in which a plain comparison finds a difference',
  (a, b, heading) => {
    if (!isThere(a)) {
      console.log(`skipped "${a}": ../shared/documents is not there`)
      return
    }
    const [before, after] = [textOf(a), textOf(b)]
    const plain = comparePlainly(before, after, heading)
    const { others, ...found } = compareByCutter(before, after)
    expect(others).toEqual([])
    for (const kind of ['unchanged', 'amended', 'added', 'repealed'] as const)
      expect([kind, normalised(found[kind])]).toEqual([kind, normalised(plain[kind])])
  },
)
