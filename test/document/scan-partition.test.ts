import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scanDocument } from '../../src/document/scan.ts'
import { checkCoverage } from '../../src/document/structure/coverage.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { sha256 } from '../../src/domain/json.ts'

const piece = fc.constantFrom(
  ...[
    '# ',
    '## ',
    '### ',
    '##### ',
    'Article ',
    'Art ',
    'Section ',
    'Chapter ',
    'Điều ',
    '第',
    '条',
    '§ ',
    '1',
    '12a',
    'IV',
    '88-1',
    '.',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    '```\n',
    '~~~~\n',
    '<!-- ',
    '-->',
    '---\n',
    '\ufeff',
    '\0',
    ' ',
    '\t',
    '(repealed)',
    'text',
    'é',
    'e\u0301',
    '😀',
  ],
)
const source = fc.array(
  fc.oneof({ weight: 9, arbitrary: piece }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }),
  { maxLength: 80 },
)

test('the records of any text partition its bytes by every profile, and each has the hash of its slice', () => {
  let scans = 0
  fc.assert(
    fc.property(source, fc.constantFrom('markdown', 'plain', undefined), (pieces, profile) => {
      const bytes = Buffer.from(`${pieces.join('')}\n# Article 1\nArticle 1\n`)
      let result: ReturnType<typeof scanDocument>
      try {
        result = scanDocument(bytes, profile === undefined ? { document: 'D' } : { document: 'D', profile })
      } catch (error) {
        // An open fence may hide every heading. Other refusals do not occur.
        if (error instanceof CutterError && error.code === 'INPUT_REFUSED') return
        throw error
      }
      scans += 1
      expect(result.records[0]!.start).toBe(0)
      expect(result.records.at(-1)!.end).toBe(bytes.length)
      expect(result.coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
      for (const [i, record] of result.records.entries()) {
        expect(record.start).toBe(i === 0 ? 0 : result.records[i - 1]!.end)
        expect(record.end).toBeGreaterThan(record.start)
        expect(record.sha256).toBe(sha256(bytes.subarray(record.start, record.end)))
        if (record.address !== null) expect(record.address).toMatch(/^[A-Z0-9./_-]+$/)
      }
    }),
    { numRuns: 1500 },
  )
  expect(scans).toBeGreaterThan(1000)
})

test('scanDocument gives the same scan, or the same refusal, for the same bytes', () => {
  let scans = 0
  const answer = (bytes: Buffer) => {
    try {
      return scanDocument(bytes, { document: 'D' })
    } catch (error) {
      if (!(error instanceof CutterError && error.code === 'INPUT_REFUSED')) throw error
      const { message, next, data } = error
      return { message, next, data }
    }
  }
  fc.assert(
    fc.property(source, (pieces) => {
      const bytes = Buffer.from(`# Article 0\n${pieces.join('')}`)
      const first = answer(bytes)
      if ('records' in first) scans += 1
      expect(answer(Buffer.from(bytes))).toEqual(first)
    }),
    { numRuns: 400 },
  )
  expect(scans).toBeGreaterThan(300)
})

test('checkCoverage lists gaps and overlaps', () => {
  const spans = [
    { start: 0, end: 4 },
    { start: 6, end: 9 },
    { start: 8, end: 10 },
  ]
  expect(checkCoverage(spans, 12)).toEqual({
    complete: false,
    gaps: [
      { start: 4, end: 6 },
      { start: 10, end: 12 },
    ],
    overlaps: [{ start: 8, end: 9 }],
  })
})
