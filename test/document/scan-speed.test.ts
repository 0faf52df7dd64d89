import { expect, test } from 'vitest'
import { listUnits, scanDocument } from '../../src/document/scan.ts'
import { aLaw } from '../bench/scan.ts'

// What a scan costs, in what it does and not in time, so that a busy machine makes no difference. The bench measures the time.

type Method = (...args: unknown[]) => unknown

/** Counts the calls of a method during a task. `weight` is what one call counts. */
function counting(
  target: object,
  name: string,
  task: () => void,
  weight: (result: unknown) => number = () => 1,
): number {
  const owner = target as Record<string, Method>
  const own = owner[name]!
  let count = 0
  owner[name] = function (this: unknown, ...args: unknown[]) {
    const result = own.apply(this, args)
    count += weight(result)
    return result
  }
  try {
    task()
  } finally {
    owner[name] = own
  }
  return count
}

const law = aLaw(2)
const scan = () => scanDocument(law, { document: 'LAW' })
const units = listUnits(scan()).length

test('a scan of a law applies few patterns to a unit, and none to a line of its text', () => {
  const lines = law.toString().split('\n').length
  const patterns = counting(RegExp.prototype, 'exec', scan)
  expect(lines / units).toBeGreaterThan(25)
  expect(patterns / units).toBeLessThan(36)
})

test('a scan of a law normalises headings alone', () => {
  expect(counting(String.prototype, 'normalize', scan) / units).toBeLessThan(3)
})

test('a scan of a law decodes little more than its headings', () => {
  const decoded = counting(Buffer.prototype, 'toString', scan, (text) => String(text).length)
  expect(decoded).toBeGreaterThan(0)
  expect(decoded / law.length).toBeLessThan(0.03)
})

test('detection reads a law once where the first profile fits perfectly', () => {
  const searches = counting(Buffer.prototype, 'includes', scan)
  const hashed = counting(Buffer.prototype, 'subarray', scan) / units
  // Signs of later profiles are not searched, but those of struck words are. Each record is hashed once.
  expect(searches).toBeLessThanOrEqual(3)
  expect(hashed).toBeLessThan(1.2)
})

test('a paragraph that begins with a number costs as much with many words as with few', () => {
  const words = 'Công dân có quyền tự do đi lại và cư trú ở trong nước. '
  const paragraphs = (times: number) => (number: number) => `Điều ${number}.\n1. ${words.repeat(times)}\n`
  const cost = (times: number) => {
    const text = Buffer.from(Array.from({ length: 100 }, (_, i) => paragraphs(times)(i + 1)).join(''))
    return counting(RegExp.prototype, 'exec', () => scanDocument(text, { document: 'LAW' }))
  }
  // The first scan reads the profiles too.
  cost(1)
  expect(cost(8) / cost(1)).toBeLessThan(1.2)
})
