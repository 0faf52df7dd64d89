import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { listUnits, type Scan, scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'

// Every licence text that SPDX lists.

const list = createRequire(import.meta.url)('spdx-license-list/full.js') as {
  [id: string]: { licenseText: string }
}
const texts = Object.entries(list).map(([id, { licenseText }]) => ({ id, bytes: Buffer.from(licenseText) }))

function detected(bytes: Buffer): string {
  try {
    return scanDocument(bytes, { document: 'L' }).profile
  } catch (error) {
    if (error instanceof CutterError) return 'asks'
    throw error
  }
}

const tally = (values: string[]) =>
  Object.fromEntries(
    [...new Set(values)].sort().map((value) => [value, values.filter((each) => each === value).length]),
  )

const kindOf = (found: Scan) => [...new Set(listUnits(found).map(({ level }) => level))].sort().join('+')

test('profile spdx scans all licences without losing a byte, numbered ones by clauses, the others as one unit', () => {
  const kinds: string[] = []
  const collide: string[] = []
  for (const { id, bytes } of texts) {
    const found = scanDocument(bytes, { document: 'L', profile: 'spdx' })
    const pieces = found.records.map(({ start, end }) => bytes.subarray(start, end))
    expect([id, Buffer.concat(pieces).equals(bytes), found.coverage.complete]).toEqual([id, true, true])
    if (found.problems.some(({ severity }) => severity === 'stops')) collide.push(id)
    kinds.push(kindOf(found))
  }
  const counts = tally(kinds)
  console.log(
    `${texts.length} licence texts: ${JSON.stringify(counts)}; two of one address: ${collide.join(', ')}`,
  )
  expect(texts.length).toBeGreaterThan(700)
  expect(kinds.filter((kind) => kind !== 'text').length).toBeGreaterThanOrEqual(400)
  // Two exhibits with one letter, in two licences that are in one file.
  expect(collide).toEqual(['NPL-1.1'])
})

test('well-known licences have as many clauses as a reader counts', () => {
  const clauses = (id: string) =>
    listUnits(scanDocument(Buffer.from(list[id]!.licenseText), { document: 'L', profile: 'spdx' })).filter(
      ({ level }) => level === 'clause',
    ).length
  expect(['Apache-2.0', 'GPL-2.0-only', 'BSD-3-Clause', 'EPL-2.0'].map(clauses)).toEqual([9, 13, 3, 7])
})

test('detection refuses a licence without clear units, and chooses spdx for the others', () => {
  const counts = tally(texts.map(({ bytes }) => detected(bytes)))
  console.log(`detected: ${JSON.stringify(counts)}`)
  expect(counts.asks).toBeLessThan(360)
  expect(counts.spdx).toBeGreaterThan(290)
})
