import { CutterError } from '../../domain/errors.ts'
import type { ScanRecord } from '../structure/records.ts'
import { createProblem, type Problem } from './problem.ts'

/** How many records of a level a text has, as a person counted them: `article=143`. */
export type ExpectedCounts = ReadonlyMap<string, number>

/** Stands for all units, of whatever level. */
const UNITS = 'units'

/**
 * Parses `article=143` or `article=143,chapter=11`. `units` counts what is cut, of whatever level.
 *
 * @throws INPUT_REFUSED when it has another form or names a level twice.
 */
export function parseExpectedCounts(text: string): ExpectedCounts {
  const counts = new Map<string, number>()
  for (const part of text.split(/[,\s]+/).filter((each) => each !== '')) {
    const [, level, count] = /^([a-z][a-z0-9-]*)=(\d{1,7})$/.exec(part) ?? []
    if (level === undefined || counts.has(level)) throw expectError(part)
    counts.set(level, Number(count))
  }
  if (counts.size === 0) throw expectError(text)
  return counts
}

const expectError = (part: string) =>
  new CutterError('INPUT_REFUSED', `${JSON.stringify(part)} is no count to expect; nothing was changed`, {
    next: 'name each level once, with a number: article=143, or article=143,chapter=11; units=143 counts units of all levels',
  })

/** Returns the counts in one form, independent of their order. */
export const formatExpectedCounts = (counts: ExpectedCounts): string =>
  [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([level, count]) => `${level}=${count}`)
    .join(',')

/** Finds the levels of which a text has another number of records. Units that are left out count, and articles that hold sections. */
export function findUnexpectedCounts(records: readonly ScanRecord[], expected: ExpectedCounts): Problem[] {
  const found = countLevels(records)
  return [...expected].flatMap(([level, count]) => {
    const is = found.get(level) ?? 0
    if (is === count) return []
    const others = [...found].filter(([name]) => name !== level).map(([name, all]) => `${name} ${all}`)
    const message = `${count} of ${level} are expected, and ${is} were found${others.length === 0 ? '' : ` (found: ${others.join(', ')})`}`
    return [createProblem('COUNT_UNEXPECTED', message, { line: 1, column: 1, start: 0 })]
  })
}

function countLevels(records: readonly ScanRecord[]): Map<string, number> {
  const counts = new Map<string, number>([[UNITS, 0]])
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const { kind, level } of records) {
    if (kind === 'unit') add(UNITS)
    if (level !== null && kind !== 'other') add(level)
  }
  return counts
}
