import { type Approver, listGateDecisions } from '../domain/decisions.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { entryMarks } from '../domain/history-facts.ts'
import { findHostNamed, findHostWorkedOn, hostsIn, type ReportedHosts } from '../domain/host-outcomes.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { EvidenceRow, StoredRun } from '../store/run-store.ts'

/** What reports read from a history: the tries of each phase, the arrivals at gates, the decisions, the refusals. */

/** One outcome of one phase. Times are ISO 8601. */
export interface PhaseTry {
  outcome: 'done' | 'failed'
  /** Whether the effect writes to the world. */
  kind: 'read' | 'write'
  /** How its result was obtained (`execute`, `simulate`, `probe`); null when it failed. */
  ran: string | null
  /** The number of times it was started, including crashes. */
  attempt: number
  beganAt: string
  endedAt: string
  milliseconds: number
  /** The milestones before and after it. */
  from: string
  state: string
  status: Run['status']
  /** What was read before it and recorded with it: the execution switch, the hold … */
  readings: { [name: string]: Json }
  output: Json
  error: Json
  evidence: EvidenceRow[]
  /** The host on which a run with several worked; null where it was not one of them alone, and for runs with one host. */
  host: string | null
  seq: number
  hash: string
  previousHash: string
}

export interface Phase {
  name: string
  tries: PhaseTry[]
}

export interface Arrival {
  gate: string
  planDigest: string | null
  entry: HistoryEntry
}

const RECORD = 'cutter.'
const OWN_FIELDS = new Set(
  'type actorId output error ran attempt kind evidence arrival approvalUsed outcome'.split(' '),
)

/** The phases of a run, in the order of their first outcomes. */
export function listPhases({
  run,
  history,
  evidence,
}: Pick<StoredRun, 'history' | 'evidence'> & { run: Pick<Run, 'machine'> }): Phase[] {
  const phases = new Map<string, Phase>()
  let before: HistoryEntry | null = null
  let hosts: ReportedHosts = []
  for (const entry of history) {
    const [, kind, name] = /^xstate\.(done|error)\.actor\.(.+)$/s.exec(entry.event.type) ?? []
    if (name !== undefined) {
      const phase = phases.get(name) ?? { name, tries: [] }
      const left = evidence.filter(({ seq }) => seq === entry.seq)
      const result = tryOf(entry, before ?? entry, kind === 'done', left)
      const after = hostsIn(run.machine, result.output)
      phase.tries.push({ ...result, host: hostOf(result, hosts, after) })
      if (after.length > 0) hosts = after
      phases.set(name, phase)
    }
    // A record between two entries of the run, such as a refused attempt, starts no phase.
    if (entry.seq === 1 || !entry.event.type.startsWith(RECORD)) before = entry
  }
  return [...phases.values()]
}

/** A failed phase reports no hosts, and its message names the one. */
function hostOf(
  { outcome, error }: Pick<PhaseTry, 'outcome' | 'error'>,
  before: ReportedHosts,
  after: ReportedHosts,
): string | null {
  if (outcome === 'done') return findHostWorkedOn(before, after)
  const { message = null } = (error ?? {}) as { message?: Json }
  return findHostNamed(before, String(message))
}

function tryOf(
  entry: HistoryEntry,
  before: HistoryEntry,
  done: boolean,
  evidence: EvidenceRow[],
): Omit<PhaseTry, 'host'> {
  const { event, at, state, status, seq, hash, previousHash } = entry
  return {
    outcome: done ? 'done' : 'failed',
    kind: event.kind === 'write' ? 'write' : 'read',
    ran: (event.ran as string | undefined) ?? null,
    attempt: (event.attempt as number | undefined) ?? 1,
    beganAt: before.at,
    endedAt: at,
    milliseconds: Date.parse(at) - Date.parse(before.at),
    from: before.state,
    state,
    status,
    readings: Object.fromEntries(Object.entries(event).filter(([field]) => !OWN_FIELDS.has(field))),
    output: event.output ?? null,
    error: event.error ?? null,
    evidence,
    seq,
    hash,
    previousHash,
  }
}

/** Each time that the run came to a gate, oldest first, with the history entry of that arrival. */
export function listArrivals(history: HistoryEntry[]): Arrival[] {
  return history.flatMap((entry) => {
    const { arrival } = entryMarks(entry)
    return arrival === undefined ? [] : [{ ...arrival, entry }]
  })
}

/** A used approval, and everyone whose approval counted with it, each with the reason that they gave. */
export interface ReportedDecision {
  gate: string
  decision: string
  approvalId: string
  approver: string
  reason: string
  kind: string
  /** The principal and the key that signed it; null for a rehearsal approval. */
  vouched: Json
  /** All approvers whose approval counted, where a gate needs several. */
  counted: Json
  approvers: (Approver & { reason: string })[]
  broughtAt: string
  broughtBy: string
  usedAt: string
  usedSeq: number
}

/** Lists the decisions that moved a run, oldest first. */
export function listDecisions({
  history,
  approvals,
}: Pick<StoredRun, 'history' | 'approvals'>): ReportedDecision[] {
  const statementOf = (id: string) => approvals.find(({ approvalId }) => approvalId === id)?.statement
  return listGateDecisions(history).flatMap(({ approvalId, approvers, broughtSeq, usedAt, usedSeq }) => {
    const approval = approvals.find((one) => one.approvalId === approvalId)
    if (approval === undefined) return []
    const { statement, kind } = approval
    const { gate, decision, approver, reason } = statement
    const brought = history[broughtSeq - 1]!
    return {
      gate,
      decision,
      approvalId,
      approver,
      reason,
      kind,
      vouched: brought.event.vouched ?? null,
      counted: brought.event.counted ?? null,
      approvers: approvers.map((one) => ({ ...one, reason: statementOf(one.approvalId)?.reason ?? '' })),
      broughtAt: brought.at,
      broughtBy: brought.by,
      usedAt,
      usedSeq,
    }
  })
}

/** Refused attempts. None of them moved the run. */
export function listRefusals(history: HistoryEntry[]) {
  return history
    .filter(({ event }) => event.type === 'cutter.approval-refused')
    .map(({ seq, at, by, event }) => {
      const { approvalId = null, reason = null, message = null } = event
      return { seq, at, by, approvalId, reason, message }
    })
}
