import type { Json } from '../../../domain/json.ts'

/** The result of a run as a trial compares it. */
export interface TrialResult {
  runId: string
  /** What `run show` reports, the milestone and the outcome, and the world. */
  facts: Json
}

type Flat = Map<string, string>

/**
 * Finds where the result of a killed run differs from the results of two runs that nobody disturbed. Where those two differ from each other, a
 * value is up to chance or the clock, and is not compared.
 */
export function compareResults(first: TrialResult, second: TrialResult, killed: TrialResult): string[] {
  const [one, other, then] = [flat(first), flat(second), flat(killed)]
  const paths = new Set([...one.keys(), ...then.keys()])
  return [...paths]
    .filter((path) => one.get(path) === other.get(path) && one.get(path) !== then.get(path))
    .map((path) => `${path}: ${one.get(path) ?? 'nothing'} → ${then.get(path) ?? 'nothing'}`)
}

/** The values of a result by their paths, with the run's own id replaced. */
function flat({ runId, facts }: TrialResult): Flat {
  const values: Flat = new Map()
  const add = (value: Json | undefined, path: string): void => {
    if (typeof value !== 'object' || value === null) {
      values.set(path, JSON.stringify(value ?? null).replaceAll(runId, '<run>'))
      return
    }
    for (const [key, item] of Object.entries(value))
      add(item, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
  }
  add(facts, '')
  return values
}
