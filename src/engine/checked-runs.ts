import { UPGRADED } from '../domain/history.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { StoredRun } from '../store/run-store.ts'

/** What is in flight in a run, besides its row. */
export type InFlight = Pick<StoredRun, 'effects' | 'timers'>

/** What replaying the entries of a run up to one of them gave. */
export interface Replayed {
  definitionDigest: string
  run: Run
  asked: InFlight
}

interface CheckedRun {
  history: HistoryEntry[]
  replayed: Replayed | null
}

/** How many runs are kept. A run that is not kept is checked from its first entry on. */
const MOST_KEPT = 512

/**
 * The open runs of which this process has checked every entry up to one, so that the next check reads and checks only what came after. A
 * process that begins knows none, and checks complete records.
 */
export class CheckedRuns {
  readonly #runs = new Map<string, CheckedRun>()

  /** The entries that were checked, oldest first; none for a run that is not known. */
  history(runId: string): HistoryEntry[] {
    return this.#runs.get(runId)?.history ?? []
  }

  /** Keeps the history of a record that was found to hold. What an upgrade left is needed to replay it, so such a run is checked completely. */
  keep({ run, history }: StoredRun): void {
    const known = this.#runs.get(run.runId)
    this.#runs.delete(run.runId)
    if (run.status === 'closed' || history.some(({ event }) => event.type === UPGRADED)) return
    this.#runs.set(run.runId, { history, replayed: known?.replayed ?? null })
    for (const oldest of this.#runs.keys()) if (this.#runs.size > MOST_KEPT) this.#runs.delete(oldest)
  }

  /** The replay of entries that were checked, by the definition that they were replayed with. */
  replayed({ runId, definitionDigest }: Run): Replayed | null {
    const replayed = this.#runs.get(runId)?.replayed ?? null
    return replayed?.definitionDigest === definitionDigest ? replayed : null
  }

  keepReplayed(replayed: Replayed): void {
    const known = this.#runs.get(replayed.run.runId)
    if (known !== undefined) known.replayed = replayed
  }

  forget(runId: string): void {
    this.#runs.delete(runId)
  }
}
