import { Stop } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'

// Stops for drift: the target or the source no longer fits the approved plan.

/** Summarises differences for a message: the first one and the number of the others. */
export function summariseDifferences(differences: string[]): string {
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : ''
  return `${differences[0] ?? 'nothing'}${more}`
}

/** Maximum number of listed differences. */
const MAX_LISTED = 100

/** Limits a list of differences. The last line counts the rest. */
export function limitDifferences(differences: string[]): string[] {
  if (differences.length <= MAX_LISTED) return differences
  return [...differences.slice(0, MAX_LISTED), `and ${differences.length - MAX_LISTED} more`]
}

/** Builds STOP_DRIFT with the listed differences. `what` is the subject of the message, `unchanged` an optional assurance. */
export function driftError(what: string, differences: string[], next: string, unchanged = ''): Stop {
  const message = `${what}: ${summariseDifferences(differences)}${unchanged === '' ? '' : `; ${unchanged}`}`
  return new Stop('STOP_DRIFT', message, { next, data: { differences: limitDifferences(differences) } })
}

/** Runs work, and adds the differences from the plan to its stop, because they are the reason for the stop. */
export async function withDriftNamed<T>(
  differences: () => Promise<string[]>,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const lines = await differences()
    if (lines.length === 0) throw error
    const { code, message, next, data } = error.facts
    const named: { [key: string]: Json } = { ...data, differences: limitDifferences(lines) }
    throw new Stop(code, message, { ...(next === undefined ? {} : { next }), data: named, cause: error })
  }
}
