import { ABANDON_GATE, type Decision } from './approval.ts'
import type { HistoryEntry } from './history-entry.ts'
import { entryMarks } from './history-facts.ts'
import type { Json } from './json.ts'
import { RUN_ABANDONED } from './run.ts'

/** A person whose approval counted for a decision. `fingerprint` is of the key that signed; a rehearsal has none. */
export interface Approver {
  approvalId: string
  name: string
  fingerprint: string | null
}

/** A decision at a gate that moved the run, with everyone behind it. `usedAt` is ISO 8601. */
export interface GateDecision {
  gate: string | null
  decision: Decision
  /** The approval that was brought. The others of `approvers` counted with it. */
  approvalId: string
  approvers: Approver[]
  /** The entry that brought the approval, and the one that used it. */
  broughtSeq: number
  usedSeq: number
  usedAt: string
}

/** The reasons that people gave, by the id of the approval. An approval without one is left out. */
export interface Reasons {
  [approvalId: string]: string
}

/** Reads the reasons of approvals, which their statements hold. */
export function readReasons(approvals: { approvalId: string; statementText: string }[]): Reasons {
  return Object.fromEntries(
    approvals.flatMap(({ approvalId, statementText }) => {
      const { reason } = asObject(JSON.parse(statementText) as Json)
      return typeof reason === 'string' && reason !== '' ? [[approvalId, reason]] : []
    }),
  )
}

/** The reason of an approval; empty where none was given, or nobody knows the approval. */
export const reasonOf = (reasons: Reasons, approvalId: string): string =>
  Object.hasOwn(reasons, approvalId) ? reasons[approvalId]! : ''

const DECISIONS: { [event: string]: GateDecision['decision'] } = {
  APPROVE: 'approve',
  REJECT: 'reject',
  VOID: 'void',
  [RUN_ABANDONED]: 'abandon',
}

/** Lists the decisions that moved a run, oldest first. */
export function listGateDecisions(history: HistoryEntry[]): GateDecision[] {
  return history.flatMap((entry): GateDecision[] => {
    const approvalId = entryMarks(entry).approvalUsed
    if (approvalId === undefined) return []
    const before = history.slice(0, entry.seq)
    const brought = before.findLast(({ event }) => event.approvalId === approvalId && event.type in DECISIONS)
    if (brought === undefined) return []
    const arrived = before.slice(0, brought.seq - 1).findLast((one) => entryMarks(one).arrival !== undefined)
    const decision = DECISIONS[brought.event.type]!
    const arrivedAt = arrived === undefined ? null : entryMarks(arrived).arrival!.gate
    return [
      {
        gate: decision === 'abandon' ? ABANDON_GATE : arrivedAt,
        decision,
        approvalId,
        approvers: listApprovers(brought),
        broughtSeq: brought.seq,
        usedSeq: entry.seq,
        usedAt: entry.at,
      },
    ]
  })
}

/** The gates at which a run has arrived, each once. The gate at which it waits is one of them. */
export function listReachedGates(history: HistoryEntry[]): string[] {
  return [...new Set(history.flatMap((entry) => entryMarks(entry).arrival?.gate ?? []))]
}

/** Everyone whose approval counted for the decision that an entry brought. Nobody for an entry that brought none. */
export function listApprovers({ event }: Pick<HistoryEntry, 'event'>): Approver[] {
  if (!(event.type in DECISIONS)) return []
  const counted = Array.isArray(event.counted) ? event.counted : []
  const people = counted.map((one) => approverOf(one, 'principal'))
  // A rehearsal and an entry of an early version name the approver alone.
  return people.length > 0 ? people : [approverOf({ ...event, ...asObject(event.vouched) }, 'approver')]
}

function approverOf(facts: Json, name: 'principal' | 'approver'): Approver {
  const { approvalId, fingerprint, ...others } = asObject(facts)
  return {
    approvalId: String(approvalId ?? ''),
    name: String(others[name] ?? ''),
    fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
  }
}

const asObject = (value: Json | undefined): { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
