import { expect, test } from 'vitest'
import { listSuspects } from '../../src/document/diagnostics/suspects.ts'
import { scanDocument } from '../../src/document/scan.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { type SmallText, smallTexts } from './small-texts.ts'

// Small texts of many kinds of headings: each is cut at the places that were marked by hand, or the scan says where it may be wrong.

const texts = smallTexts()

type UnitsRead = ReturnType<typeof readText>

const read = new Map<Buffer, UnitsRead>()

/** Reads each text once. */
function readUnits(bytes: Buffer): UnitsRead {
  const known = read.get(bytes)
  if (known !== undefined) return known
  const units = readText(bytes)
  read.set(bytes, units)
  return units
}

/** The places at which units begin, the findings that stop a cut, and the confidence; null for a text that is refused. */
function readText(bytes: Buffer) {
  try {
    const scan = scanDocument(bytes, { document: 'DOC' })
    const starts = (kind: string) => scan.records.filter((each) => each.kind === kind)
    const findings = scan.problems.filter(({ severity }) => severity !== 'note')
    const addresses = scan.records.flatMap(({ address }) => address ?? [])
    return {
      // A preamble and text under a chapter have no heading that could be marked.
      units: starts('unit').flatMap(({ heading, start }) => (heading === null ? [] : [start])),
      leftOut: starts('excluded').map(({ start }) => start),
      isUnique: new Set(addresses).size === addresses.length,
      findings,
      suspects: listSuspects(bytes, scan),
      confidence: scan.confidence,
    }
  } catch (error) {
    if (error instanceof CutterError) return null
    throw error
  }
}

/** What is not as it was marked, for a text without a finding. */
function silentFaults({ bytes, units, leftOut, isDoubtful }: SmallText): string[] {
  const read = readUnits(bytes)
  if (read === null) return []
  if (read.findings.length > 0)
    return read.suspects.length > 0 || read.findings.every(({ code }) => code === 'NUL')
      ? []
      : ['no suspect is listed']
  const faults = [
    ...(isDoubtful ? ['text that may stand is left out'] : []),
    ...(read.isUnique ? [] : ['an address stands twice']),
  ]
  const places = (offsets: number[]) => offsets.map((at) => bytes.subarray(at, at + 24).toString())
  if (read.units.join() !== units.join()) faults.push(`units: ${places(read.units).join(' | ')}`)
  if (read.leftOut.join() !== leftOut.join()) faults.push(`left out: ${places(read.leftOut).join(' | ')}`)
  return faults
}

test.each(texts)('$name: the units are those that are marked, or a finding says so', (text) => {
  expect(silentFaults(text)).toEqual([])
})

test('the table has at least 300 texts of known words, and 85 of 100 are read right without a finding', () => {
  const known = texts.filter(({ name }) => !name.includes(' unknown '))
  const right = known.filter(({ bytes, units, leftOut }) => {
    const read = readUnits(bytes)
    return (
      read?.findings.length === 0 &&
      read.units.join() === units.join() &&
      read.leftOut.join() === leftOut.join()
    )
  })
  expect(known.length).toBeGreaterThanOrEqual(300)
  expect(right.length).toBeGreaterThanOrEqual(known.length * 0.85)
})

test('a finding of a missed heading lowers the confidence', () => {
  const missed = texts.flatMap(({ name, bytes }) => {
    const units = readUnits(bytes)
    const isMissed = units?.findings.some(
      ({ code }) => code === 'HEADING_SUSPECTED' || code === 'TEXT_LEFT_OUT',
    )
    return isMissed === true ? [{ name, confidence: units!.confidence }] : []
  })
  expect(missed.length).toBeGreaterThan(20)
  expect(missed.filter(({ confidence }) => confidence === 1)).toEqual([])
})
