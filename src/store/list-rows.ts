import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunFilter } from './run-filter.ts'

/** The clause of a list of conditions, which may be empty. */
export const where = (conditions: string[]) =>
  conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`

/**
 * Reads the run of a row for a list: none where its record was tampered with and somebody takes that report.
 * @throws STORE_TAMPERED where nobody does
 */
export function readTrusted(read: () => Run, onTampered: RunFilter['onTampered']): Run[] {
  try {
    return [read()]
  } catch (error) {
    if (onTampered === undefined || !(error instanceof CutterError)) throw error
    onTampered(error)
    return []
  }
}
