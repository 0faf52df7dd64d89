import type { RunProspect } from '../doctor/open-runs.ts'

/** How many runs of each machine nothing can continue. */
export interface StrandedRuns {
  byMachine: Map<string, number>
  /** When that was found out. */
  at: Date
}

/** How long an examination counts at least, in milliseconds, unless the caller says otherwise. */
const COUNTS_MS = 60_000
/** Runs are examined for at most one of so many seconds, however many are open. */
const SHARE = 20

/**
 * Examines the open runs now and then. That takes milliseconds for each, so nobody who reads metrics waits for it, and nothing is examined where
 * nobody reads them.
 */
export function examineNowAndThen(
  examine: () => Promise<Pick<RunProspect, 'machine' | 'isStranded'>[]>,
  onError: (err: unknown) => void,
  { now = Date.now, countsMs = COUNTS_MS }: { now?: () => number; countsMs?: number } = {},
): { newest(): StrandedRuns | null; idle(): Promise<void> } {
  let newest: StrandedRuns | null = null
  let next = Number.NEGATIVE_INFINITY
  let atWork: Promise<void> | null = null
  const perform = async () => {
    const begun = now()
    try {
      const byMachine = new Map<string, number>()
      for (const { machine, isStranded } of await examine())
        byMachine.set(machine, (byMachine.get(machine) ?? 0) + (isStranded ? 1 : 0))
      newest = { byMachine, at: new Date(now()) }
    } catch (err) {
      // A value that is not known is absent.
      newest = null
      onError(err)
    }
    next = now() + Math.max(countsMs, (now() - begun) * SHARE)
    atWork = null
  }
  return {
    newest() {
      if (atWork === null && now() >= next) atWork = perform()
      return newest
    },
    idle: async () => void (await atWork),
  }
}
