import { createProblem, type Problem } from '../../diagnostics/problem.ts'
import type { ProblemCode } from '../../diagnostics/severity.ts'
import type { Profile } from '../../profiles/profile.ts'
import { compareNumbers } from '../../structure/numerals/compare-numbers.ts'
import type { PlacedRecord, ScanRecord } from '../../structure/records.ts'
import type { Boundary } from '../structure/outline.ts'

/**
 * Finds gaps and steps back in the numbers of the units of one level. If addresses hold the enclosing record, each enclosing record
 * has its own numbers. Numbers between mere signs were tested for their order before (marker-series.ts).
 */
export function findSequenceProblems(
  placed: PlacedRecord[],
  boundaries: Boundary[],
  profile: Profile,
): Problem[] {
  const weak = new Set(
    boundaries.flatMap(({ heading }) => (heading.weak === undefined ? [] : [heading.start])),
  )
  const inner = new Set(
    profile.levels.filter((level) => isInner(level.address ?? profile.address)).map(({ name }) => name),
  )
  const unnamedInner = isInner(profile.address)
  const inside = ({ level, parent }: ScanRecord) =>
    (profile.levels.some(({ name }) => name === level) ? inner.has(level!) : unnamedInner) ? parent : ''
  const problems: Problem[] = []
  const last = new Map<string, ScanRecord>()
  for (const { record, line } of placed) {
    if (record.kind === 'other' || record.number === null) continue
    const series = `${record.level} ${inside(record)}`
    const before = last.get(series)
    last.set(series, record)
    // An article that holds its sections counts as well, but only units are reported.
    if (record.kind === 'container') continue
    const found =
      before === undefined ? lateStart(record) : breakBetween(before, record, weak.has(record.start))
    if (found === null) continue
    const problem = createProblem(...found, { line, column: 1, start: record.start })
    // Documents that were cut by these rules were cut without accepting gaps.
    problems.push(found[0] === 'NUMBER_GAP' ? { ...problem, severity: 'note' } : problem)
  }
  return problems
}

/** Whether an address by this template holds a part of the enclosing record. */
function isInner(template: string): boolean {
  return [...template.matchAll(/\{([a-z-]+)\}/g)].some(
    ([, part]) => !['document', 'code', 'number'].includes(part!),
  )
}

type Break = [ProblemCode, string]

function breakBetween(before: ScanRecord, after: ScanRecord, weak: boolean): Break | null {
  const order = compareNumbers(before.number!, after.number!)
  const between = `"${after.heading}" follows "${before.heading}"`
  if (order > 0 && !weak) return ['NUMBER_OUT_OF_ORDER', `numbers step back: ${between}`]
  const from = Number(/(\d+)\D*$/.exec(before.number!.replace(/-.*$/, ''))?.[1])
  const to = Number(/^\d+/.exec(after.number!)?.[0])
  if (weak && before.number!.includes('.')) return null
  return to > from + 1 ? ['NUMBER_GAP', `numbers ${from + 1} to ${to - 1} are missing: ${between}`] : null
}

function lateStart(record: ScanRecord): Break | null {
  const first = Number(/^\d+/.exec(record.number!)?.[0])
  if (!(first > 1)) return null
  return ['NUMBER_GAP', `numbers before ${first} are missing: the first is "${record.heading}"`]
}
