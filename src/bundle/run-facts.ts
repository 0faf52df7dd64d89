import type { StopFacts } from '../domain/errors.ts'
import { type Definition, UPGRADED } from '../domain/history.ts'
import type { HistoryEntry, Status } from '../domain/history-entry.ts'
import { statusAfter } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Outcome, RunIdentity } from '../domain/run.ts'

/** Where a run is, as `run.json` of a bundle has it. All of it also follows from the history and the snapshot. */
export interface RunFacts {
  runId: string
  machine: string
  version: string
  definitionDigest: string
  mode: Mode
  startedBy: string
  startedAt: string
  updatedAt: string
  status: Status
  state: string
  stopCode: string | null
  stop: StopFacts | null
  outcome: Outcome | null
  gate: string | null
  gateSeq: number | null
  gateHead: string | null
  planDigest: string | null
  output: Json
  seq: number
  head: string
  snapshotDigest: string
}

/** The facts that the history and the snapshot give. Null when the snapshot is not one of Cutter. */
export function readRunFacts(
  genesis: RunIdentity,
  history: HistoryEntry[],
  snapshot: string,
): RunFacts | null {
  const context = contextOf(snapshot)
  if (context === null) return null
  const { runId, machine, mode, startedBy, startedAt } = genesis
  const { seq, hash: head, at: updatedAt, state, snapshotDigest } = history.at(-1)!
  const stands = statusAfter(history)
  const stop = stands.status === 'stopped' ? (context.stop ?? null) : null
  const isStopped = stands.status === 'stopped'
  return {
    runId,
    machine,
    ...definitionAfter(history, genesis),
    mode,
    startedBy,
    startedAt,
    updatedAt,
    ...stands,
    state,
    stop,
    stopCode: isStopped ? (stop?.code ?? 'STOP_INTERNAL') : null,
    planDigest: context.planDigest ?? null,
    output: context.output ?? null,
    seq,
    head,
    snapshotDigest,
  }
}

function contextOf(snapshot: string): Partial<Pick<RunFacts, 'planDigest' | 'output' | 'stop'>> | null {
  try {
    const context = (JSON.parse(snapshot) as { snapshot?: { context?: unknown } }).snapshot?.context
    return typeof context === 'object' && !Array.isArray(context) ? context : null
  } catch {
    return null
  }
}

/** The version and definition of a run after its newest entry. The entry of an upgrade names the new ones. */
export function definitionAfter(history: HistoryEntry[], genesis: Definition): Definition {
  const to = history.findLast(({ event }) => event.type === UPGRADED)?.event.to
  const { version, definitionDigest } = (to ?? genesis) as unknown as Definition
  return { version, definitionDigest }
}
