import { UPGRADED } from '../domain/history.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { StoredRun } from '../store/run-store.ts'

/** What is in flight in a run, besides its row. */
export type InFlight = Pick<StoredRun, 'effects' | 'timers'>

/** What is in flight after a step. */
export function inFlightAfter(before: InFlight, step: Step): InFlight {
  // A record that closes a run drops whatever is in flight, without asking the chart.
  if (step.run.status === 'closed') return { effects: [], timers: [] }
  const held = { seq: step.entry.seq, owner: null, leaseUntil: null, attempt: 0 }
  return {
    effects: before.effects
      // A step that is replayed drops the effect that it completes.
      .filter(({ invokeId }) => invokeId !== step.effectDone && !step.effectsDropped.includes(invokeId))
      .concat(step.effectsAsked.map((effect) => ({ ...effect, ...held }))),
    timers: before.timers
      .filter(({ timerId }) => !step.timersDropped.includes(timerId))
      .concat(step.timersAsked),
  }
}

/** What the entries of a run up to one of them gave, by replaying them, or when this process made them. */
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
    this.#set(run.runId, { history, replayed: known?.replayed ?? null })
  }

  #set(runId: string, checked: CheckedRun): void {
    this.#runs.set(runId, checked)
    for (const oldest of this.#runs.keys()) if (this.#runs.size > MOST_KEPT) this.#runs.delete(oldest)
  }

  /** The replay of the first entries of a history, by the definition that they were replayed with. */
  replayed({ runId, definitionDigest }: Run, history: HistoryEntry[]): Replayed | null {
    const replayed = this.#runs.get(runId)?.replayed ?? null
    if (replayed?.definitionDigest !== definitionDigest) return null
    // Another history may be there since.
    return history[replayed.run.seq - 1]?.hash === replayed.run.head ? replayed : null
  }

  keepReplayed(replayed: Replayed): void {
    const known = this.#runs.get(replayed.run.runId)
    if (known !== undefined) known.replayed = replayed
  }

  /**
   * Keeps what a step gave that this process made and saved. Replaying its entry would make the same step once more; that the store holds this
   * entry is checked when it is read. `before` is the run before the step, null for its first one.
   */
  keepStep(before: Run | null, step: Step): void {
    const { runId, status, definitionDigest } = step.run
    if (status === 'closed') {
      this.forget(runId)
      return
    }
    const known = this.#runs.get(runId)
    const replayed = known?.replayed ?? null
    const follows = before === null ? replayed === null : replayed?.run.head === before.head
    if (!follows || (before !== null && before.definitionDigest !== definitionDigest)) return
    const asked = inFlightAfter(replayed?.asked ?? { effects: [], timers: [] }, step)
    this.#set(runId, { history: known?.history ?? [], replayed: { definitionDigest, run: step.run, asked } })
  }

  forget(runId: string): void {
    this.#runs.delete(runId)
  }
}
