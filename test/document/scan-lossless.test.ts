import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listShippedProfiles } from '../../src/document/profiles/shipped-profiles.ts'
import { type Scan, scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { sha256 } from '../../src/domain/json.ts'
import { type UdhrText, udhrTexts } from '../support/udhr.ts'

// A changed real text is either cut exactly or refused with one of Cutter's errors. The records follow each other, cover every byte,
// and are the source again.

const folder = join(import.meta.dirname, '../../../shared/documents')
const laws = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^(?:vi|de|fr|en)-/.test(name))
      .map((name) => readFileSync(join(folder, name)).subarray(0, 20_000))
  : []
const translations = udhrTexts().filter(({ code }) =>
  ['eng', 'vie', 'arb', 'jpn', 'kor', 'cmn_hans', 'deu_1996', 'fra', 'spa', 'tha'].includes(code),
)
const withMarks = ({ text, headings }: UdhrText, mark: string) =>
  text
    .split('\n')
    .map((line) => (headings.includes(line) ? `${mark} ${line}` : line))
    .join('\n')
const sources = [
  ...laws.map(wholeLines),
  ...translations.flatMap((each) =>
    [each.text, withMarks(each, '##'), withMarks(each, '=='), each.html].map((text) => Buffer.from(text)),
  ),
]

/** Up to the last line end, so that a text cut off is still UTF-8. */
function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
}

type Change = (bytes: Buffer, at: number) => Buffer

const lineAt = (bytes: Buffer, at: number) => {
  const start = bytes.lastIndexOf(0x0a, Math.floor(at * bytes.length)) + 1
  const end = bytes.indexOf(0x0a, start)
  return { start, end: end < 0 ? bytes.length : end + 1 }
}
const splice = (bytes: Buffer, start: number, end: number, middle: Buffer | string) =>
  Buffer.concat([bytes.subarray(0, start), Buffer.from(middle as string), bytes.subarray(end)])
const insert =
  (text: string): Change =>
  (bytes, at) => {
    const { start } = lineAt(bytes, at)
    return splice(bytes, start, start, text)
  }

const changes: { [name: string]: Change } = {
  'a line is left out': (bytes, at) => splice(bytes, lineAt(bytes, at).start, lineAt(bytes, at).end, ''),
  'a line stands twice': (bytes, at) => {
    const { start, end } = lineAt(bytes, at)
    return splice(bytes, start, start, bytes.subarray(start, end))
  },
  'a line is in decomposed form': (bytes, at) => {
    const { start, end } = lineAt(bytes, at)
    return splice(bytes, start, end, bytes.subarray(start, end).toString().normalize('NFD'))
  },
  'line ends are CRLF': (bytes) => Buffer.from(bytes.toString().replace(/\r?\n/g, '\r\n')),
  'a line ends in a lone CR': (bytes, at) => {
    const { end } = lineAt(bytes, at)
    return splice(bytes, end - 1, end, '\r')
  },
  'all line ends are lone CRs': (bytes) => Buffer.from(bytes.toString().replace(/\r?\n/g, '\r')),
  'a byte-order mark stands in front': (bytes) => splice(bytes, 0, 0, '\ufeff'),
  'a byte-order mark stands in the middle': insert('\ufeff'),
  'a NUL comes in': insert('\0'),
  'a fence opens': insert('```\n'),
  'a comment opens': insert('<!--'),
  'a heading comes in': insert('# Article 5\n'),
  'a number comes in': insert('5.'),
  'a long line comes in': insert(`${'x '.repeat(2000)}\n`),
  'a tag comes in': insert('<article data-number="5">'),
  'the last line end is gone': (bytes) => bytes.subarray(0, bytes.length - 1),
  'a byte is not UTF-8': (bytes, at) => {
    const { start } = lineAt(bytes, at)
    return splice(bytes, start, start, Buffer.from([0xff]))
  },
}

function holds(bytes: Buffer, found: Scan): void {
  const { records, coverage } = found
  expect(coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
  let at = 0
  for (const { start, end, sha256: digest } of records) {
    if (start !== at || end <= start) throw new Error(`a record from ${start} to ${end} behind ${at}`)
    if (digest !== sha256(bytes.subarray(start, end))) throw new Error(`another digest at ${start}`)
    at = end
  }
  expect(at).toBe(bytes.length)
  for (const { line, column, start } of found.problems) {
    if (!(line >= 1 && column >= 1 && start >= 0 && start <= bytes.length))
      throw new Error('a problem nowhere')
  }
}

/** Returns the scan, or the message of a refusal. Every other error is thrown. */
function scanned(bytes: Buffer, profile: string | undefined): Scan | string {
  try {
    return scanDocument(bytes, { document: 'D', profile })
  } catch (error) {
    if (error instanceof CutterError && error.code === 'INPUT_REFUSED' && error.next !== undefined)
      return error.message
    throw error
  }
}

describe('scanDocument on changed real texts', () => {
  test.each([undefined, ...listShippedProfiles()])(
    'scanDocument cuts a changed text exactly or refuses it, by profile %s',
    (profile) => {
      // The texts are drawn by chance, so what the property sees is asked of the unchanged texts: some must be cut.
      expect(sources.some((source) => typeof scanned(source, profile) !== 'string')).toBe(true)
      const change = fc.tuple(
        fc.constantFrom(...Object.values(changes)),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
      )
      fc.assert(
        fc.property(fc.constantFrom(...sources), fc.array(change, { maxLength: 4 }), (source, list) => {
          const bytes = list.reduce((text, [act, at]) => act(text, at), source)
          const found = scanned(bytes, profile)
          if (typeof found === 'string') return
          holds(bytes, found)
          const nul = found.problems.find(({ code }) => code === 'NUL')
          expect(nul?.severity).toBe(bytes.includes(0) ? 'stops' : undefined)
        }),
        { numRuns: 80 },
      )
    },
  )

  test.each(Object.keys(changes))('scanDocument cuts or refuses a text in which %s', (name) => {
    for (const source of sources) {
      const bytes = changes[name]!(source, 0.4)
      const found = scanned(bytes, undefined)
      if (typeof found !== 'string') holds(bytes, found)
      else expect(found).toMatch(name.includes('UTF-8') ? /not UTF-8/ : /no unit|no profile fits/)
    }
  })
})

test('the texts to change exist', () => {
  if (laws.length === 0) console.log('skipped for "lossless": ../shared/documents is not there')
  expect(translations).toHaveLength(10)
})
