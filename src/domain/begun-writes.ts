import type { EffectRow } from './effect.ts'
import type { HistoryEntry, Status } from './history-entry.ts'
import { entryMarks } from './history-facts.ts'
import { digestOf, type Json } from './json.ts'
import type { LostEvidence } from './lost-evidence.ts'
import { type Mode, RUN_ABANDONED } from './run.ts'
import { nameInLine } from './visible.ts'

/** What is known of a write that a live run has begun: the target has it, has it not, or nobody knows. */
export type Committed = 'yes' | 'no' | 'unknown'

/** A write that a live run has begun, with the newest that is known of it. */
export interface BegunWrite {
  /** The invoke's id in the chart, by which outcomes name their effect. */
  effect: string
  committed: Committed
  /** `execute`, or `probe` when the target had it already. Null when the effect failed. */
  ran: string | null
  /** The entry that says so. */
  seq: number
  /** Whether the run stopped there, so that it asks for the same write again. */
  isRepeated: boolean
}

/**
 * Lists the writes that a live run has begun, each with its newest outcome, in the order of these outcomes. A write without an
 * outcome is in flight, and not listed. Writes of which it is known that nothing was begun are not listed either.
 */
export function listBegunWrites(history: HistoryEntry[]): BegunWrite[] {
  let begun: BegunWrite[] = []
  for (const { event, seq, status } of history) {
    const [, kind, effect] = /^xstate\.(done|error)\.actor\.(.+)$/s.exec(event.type) ?? []
    if (effect === undefined || event.kind !== 'write' || event.ran === 'simulate') continue
    // After a stop the same write is asked for again, so its outcome settles the failure. A chart that continued may ask for another write by
    // the same name, so its outcome says nothing about an earlier one.
    begun = begun.filter((one) => one.effect !== effect || one.ran !== null || !one.isRepeated)
    const committed = kind === 'done' ? 'yes' : committedOf(event)
    const ran = kind === 'done' ? String(event.ran ?? 'execute') : null
    if (committed !== 'no') begun.push({ effect, committed, ran, seq, isRepeated: status === 'stopped' })
  }
  return begun
}

/**
 * Lists the writes of which a process died, or which nobody could settle, and which the target then answered to be missing. The answer holds for
 * the time at which the target was asked: what a write left running, such as a child process, may still act afterwards.
 */
export function listMissingWrites(history: HistoryEntry[]): { effect: string; seq: number }[] {
  const missing = new Map<string, number>()
  const begun = new Set<string>()
  for (const { event, seq } of history) {
    const [, effect] = OUTCOME.exec(event.type) ?? []
    if (effect === undefined || event.kind !== 'write') continue
    missing.delete(effect)
    const isUnknown = event.type.startsWith('xstate.error.') && committedOf(event) === 'unknown'
    if (isUnknown || Number(event.attempt ?? 1) > 1) begun.add(effect)
    if (event.committed === 'no' && begun.has(effect)) missing.set(effect, seq)
  }
  return [...missing].map(([effect, seq]) => ({ effect, seq }))
}

/** The begun writes of which nobody knows whether they were committed. */
export const findUnsettledWrites = (history: HistoryEntry[]): BegunWrite[] =>
  listBegunWrites(history).filter(({ committed }) => committed === 'unknown')

/** A write of which a run knows only that it was started. */
export interface UnsettledWrite {
  /** The name of its effect. */
  phase: string
  /** The newest entry about it: the one that asked for it, or the one of its failure. */
  seq: number
  attempt: number
  /** The time of the entry after which it was started. ISO 8601 in UTC. */
  startedAt: string
  /** What is known of it, as a sentence. */
  known: string
}

/** What is known of a write that failed, and of an effect without an outcome. */
export const KNOWN_OF_WRITE = {
  failed: 'it was started, and nobody knows whether it was committed',
  inFlight: 'it was started, and no outcome was recorded; nobody knows whether it was committed',
}

/** A write that a history asks for, without an outcome. */
export interface WriteInFlight {
  /** The invoke's id in the chart. */
  effect: string
  /** The entry that asked for it. */
  seq: number
}

/**
 * Lists the writes of a live run that its history asks for and that have no outcome yet, in the order of the store: by entry, then by name.
 * Entries of earlier versions do not say which effects they asked for; for those the list is empty.
 */
export function listWritesInFlight(history: HistoryEntry[]): WriteInFlight[] {
  const asked = new Map<string, number>()
  for (const entry of history) {
    const { effectsAsked = {}, effectsDropped = [] } = entryMarks(entry)
    const [, ended] = OUTCOME.exec(entry.event.type) ?? []
    for (const effect of [...effectsDropped, ...(ended === undefined ? [] : [ended])]) asked.delete(effect)
    for (const [effect, kind] of Object.entries(effectsAsked))
      if (kind === 'write') asked.set(effect, entry.seq)
  }
  return [...asked]
    .map(([effect, seq]) => ({ effect, seq }))
    .sort((a, b) => a.seq - b.seq || (a.effect < b.effect ? -1 : 1))
}

const OUTCOME = /^xstate\.(?:done|error)\.actor\.(.+)$/s

/** Whether an effect in flight may be a write. The entry that asked for it says so; those of earlier versions do not. */
export function mayWrite(
  history: HistoryEntry[],
  { invokeId, seq }: Pick<EffectRow, 'invokeId' | 'seq'>,
): boolean {
  return entryMarks(history[seq - 1]!).effectsAsked?.[invokeId] !== 'read'
}

/**
 * Lists what a run leaves unsettled if it is closed now: each write that failed and of which nobody knows whether it was committed, then each
 * write in flight. Empty for a dry run. A write counts also before the run has used an approval: a trial may stand, although it declares that it
 * leaves nothing behind. The list needs no machine, because the machine of such a run may be gone.
 */
export function listUnsettledWrites(
  mode: Mode,
  history: HistoryEntry[],
  inFlight: EffectRow[],
): UnsettledWrite[] {
  if (mode !== 'live') return []
  const failed = findUnsettledWrites(history).map(({ effect, seq }): UnsettledWrite => {
    const { attempt } = history[seq - 1]!.event
    const startedAt = history[seq - 2]!.at
    return {
      phase: effect,
      seq,
      attempt: typeof attempt === 'number' ? attempt : 1,
      startedAt,
      known: KNOWN_OF_WRITE.failed,
    }
  })
  const asked = inFlight
    .filter((row) => mayWrite(history, row))
    .map(
      ({ invokeId, seq, attempt }): UnsettledWrite => ({
        phase: invokeId,
        seq,
        attempt: Math.max(1, attempt),
        startedAt: history[seq - 1]!.at,
        known: KNOWN_OF_WRITE.inFlight,
      }),
    )
  return [...failed, ...asked]
}

/** One unsettled write as the end of a line for people. */
export const describeUnsettled = ({ phase, seq, attempt, known }: UnsettledWrite): string =>
  `${nameInLine(phase)}, entry ${seq}, attempt ${attempt}: ${nameInLine(known)}`

/** What a run leaves unsettled: of a closed run what its abandonment lists, of an open one what it would list now. */
export const unsettledOf = (
  { mode, status }: { mode: Mode; status: Status },
  history: HistoryEntry[],
  inFlight: EffectRow[],
): UnsettledWrite[] =>
  status === 'closed'
    ? (findAbandonment(history)?.unsettledWrites ?? [])
    : listUnsettledWrites(mode, history, inFlight)

/** What an approver signs who abandons a run: what the run leaves unsettled, and what its store has lost. */
export interface Abandoned {
  unsettledWrites: UnsettledWrite[]
  lostEvidence: LostEvidence[]
}

/** The evidence `plan/abandon`. Where nothing is lost, it has only the list of writes. */
export const abandonedPlan = ({ unsettledWrites, lostEvidence }: Abandoned): Json =>
  (lostEvidence.length === 0 ? { unsettledWrites } : { lostEvidence, unsettledWrites }) as unknown as Json

/** The digest that an approver signs who abandons a run. */
export const digestOfAbandoned = (abandoned: Abandoned): string => digestOf(abandonedPlan(abandoned))

/** The entry by which a run was abandoned, with what it lists. Null for every other run. */
export function findAbandonment(history: HistoryEntry[]): (Abandoned & { entry: HistoryEntry }) | null {
  const entry = history.find(({ event }) => event.type === RUN_ABANDONED)
  if (entry === undefined) return null
  const { unsettledWrites = [], lostEvidence = [] } = entry.event as unknown as Partial<Abandoned>
  return { entry, unsettledWrites, lostEvidence }
}

/** Failures of earlier versions do not say it. There, a second attempt means that a process died in the first one. */
function committedOf({ committed, error, attempt }: HistoryEntry['event']): Committed {
  if (committed === 'yes' || committed === 'no' || committed === 'unknown') return committed
  const { code } = (error ?? {}) as { code?: string }
  return code === 'STOP_OUTCOME_UNKNOWN' || (typeof attempt === 'number' && attempt > 1) ? 'unknown' : 'no'
}
