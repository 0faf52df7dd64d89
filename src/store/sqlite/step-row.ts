import type { Owner } from '../../domain/effect.ts'
import type { Evidence } from '../../domain/evidence.ts'
import { UPGRADED } from '../../domain/history.ts'
import { canonicalJson } from '../../domain/json.ts'
import type { Step, TimerRequest } from '../../domain/step.ts'
import type { SaveRequest } from '../run-store.ts'
import { type RunRow, runRow } from './row-mapping.ts'

/**
 * A step as text and numbers, each once: all that its statements are made of, on whatever thread they run. Many steps lie in one
 * flat list, which costs a fraction of what objects do on the way to another thread.
 */
export interface StepRow {
  runId: string
  seq: number
  at: string
  event: string
  by: string
  state: string
  status: string
  snapshotDigest: string
  previousHash: string
  hash: string
  workedMs: number
  phase: string | null
  stopCode: string | null
  stop: string | null
  outcome: string | null
  gate: string | null
  gateSeq: number | null
  gateHead: string | null
  planDigest: string | null
  output: string
  snapshot: string
  approvalUsed: string | null
  effectDone: string | null
  /** The first effect that is asked for: most steps ask for one. */
  asked: string | null
  askedName: string | null
  askedInput: string | null
  owner: string
  leaseUntil: string
  rest: StepRest | null
}

// The order in which `rowsOf` lays them down.
const FIELDS: (keyof StepRow)[] = [
  ...([
    'runId',
    'seq',
    'at',
    'event',
    'by',
    'state',
    'status',
    'snapshotDigest',
    'previousHash',
    'hash',
  ] as const),
  ...([
    'workedMs',
    'phase',
    'stopCode',
    'stop',
    'outcome',
    'gate',
    'gateSeq',
    'gateHead',
    'planDigest',
  ] as const),
  ...(['output', 'snapshot', 'approvalUsed', 'effectDone', 'asked', 'askedName', 'askedInput'] as const),
  ...(['owner', 'leaseUntil', 'rest'] as const),
]

/** What few steps have. */
export interface StepRest {
  /** The whole row of a run that is made, with its start key. */
  made: RunRow | null
  upgradedTo: { version: string; definitionDigest: string } | null
  alsoAsked: { asked: string; askedName: string; askedInput: string }[]
  effectsDropped: string[]
  timersAsked: TimerRequest[]
  timersDropped: string[]
  evidence: Evidence[]
}

/** The rows of many steps, one after another. */
export type StepRows = unknown[]

export function packSteps(requests: SaveRequest[]): StepRows {
  const rows: StepRows = []
  for (const { step, lease } of requests) {
    const { run, entry, effectsAsked } = step
    const asked = effectsAsked[0]
    rows.push(
      run.runId,
      entry.seq,
      entry.at,
      step.eventText,
      entry.by,
      entry.state,
      entry.status,
      entry.snapshotDigest,
      entry.previousHash,
      entry.hash,
      run.workedMs,
      run.phase,
      run.stopCode,
      run.stop === null ? null : JSON.stringify(run.stop),
      run.outcome,
      run.gate,
      run.gateSeq,
      run.gateHead,
      run.planDigest,
      JSON.stringify(run.output),
      run.snapshot,
      step.approvalUsed,
      step.effectDone,
      asked === undefined ? null : asked.invokeId,
      asked === undefined ? null : asked.name,
      asked === undefined ? null : JSON.stringify(asked.input),
      ownerText(lease.owner),
      lease.until,
      restOf(step),
    )
  }
  return rows
}

export function unpackSteps(rows: StepRows): StepRow[] {
  const each: StepRow[] = []
  for (let at = 0; at < rows.length; at += FIELDS.length) {
    const row: { [field: string]: unknown } = {}
    for (let field = 0; field < FIELDS.length; field += 1) row[FIELDS[field]!] = rows[at + field]
    each.push(row as unknown as StepRow)
  }
  return each
}

function restOf(step: Step): StepRest | null {
  const { run, entry, effectsAsked, effectsDropped, timersAsked, timersDropped, evidence } = step
  const isUpgrade = entry.event.type === UPGRADED
  const some =
    effectsAsked.length > 1 ||
    effectsDropped.length + timersAsked.length + timersDropped.length + evidence.length > 0
  if (!some && entry.seq > 1 && !isUpgrade) return null
  return {
    made: entry.seq === 1 ? runRow(run) : null,
    upgradedTo: isUpgrade ? { version: run.version, definitionDigest: run.definitionDigest } : null,
    alsoAsked: effectsAsked.slice(1).map(({ invokeId, name, input }) => {
      return { asked: invokeId, askedName: name, askedInput: JSON.stringify(input) }
    }),
    effectsDropped,
    timersAsked,
    timersDropped,
    evidence,
  }
}

const ownerTexts = new WeakMap<Owner, string>()

/** An owner's row form, made once for each owner object: every step names its owner. */
export function ownerText(owner: Owner): string {
  const known = ownerTexts.get(owner)
  if (known !== undefined) return known
  const text = canonicalJson(owner)
  ownerTexts.set(owner, text)
  return text
}
