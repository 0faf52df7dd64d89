import type { Owner } from '../domain/effect.ts'
import type { Evidence } from '../domain/evidence.ts'
import { UPGRADED } from '../domain/history.ts'
import { canonicalJson } from '../domain/json.ts'
import type { Step, TimerRequest } from '../domain/step.ts'
import type { Lease } from '../domain/store.ts'
import { type RunRow, rowOfRun } from './rows.ts'

/** A step as text and numbers, each once: all that the statements of a step are made of, on whatever thread they run. */
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
  effectDone: string | null
  /** The first effect that is asked for: most steps ask for one. */
  asked: string | null
  askedName: string | null
  askedInput: string | null
  owner: string
  leaseUntil: string
  approvalUsed: string | null
  /** What few steps have. */
  rest: StepRest | null
}

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

export function stepRow(step: Step, { owner, until }: Lease): StepRow {
  const { run, entry, effectsAsked } = step
  const asked = effectsAsked[0]
  return {
    runId: run.runId,
    seq: entry.seq,
    at: entry.at,
    event: JSON.stringify(entry.event),
    by: entry.by,
    state: entry.state,
    status: entry.status,
    snapshotDigest: entry.snapshotDigest,
    previousHash: entry.previousHash,
    hash: entry.hash,
    workedMs: run.workedMs,
    phase: run.phase,
    stopCode: run.stopCode,
    stop: run.stop === null ? null : JSON.stringify(run.stop),
    outcome: run.outcome,
    gate: run.gate,
    gateSeq: run.gateSeq,
    gateHead: run.gateHead,
    planDigest: run.planDigest,
    output: JSON.stringify(run.output),
    snapshot: run.snapshot,
    effectDone: step.effectDone,
    asked: asked === undefined ? null : asked.invokeId,
    askedName: asked === undefined ? null : asked.name,
    askedInput: asked === undefined ? null : JSON.stringify(asked.input),
    owner: textOfOwner(owner),
    leaseUntil: until,
    approvalUsed: step.approvalUsed,
    rest: restOf(step),
  }
}

function restOf(step: Step): StepRest | null {
  const { run, entry, effectsAsked, effectsDropped, timersAsked, timersDropped, evidence } = step
  const isUpgrade = entry.event.type === UPGRADED
  const plain =
    effectsAsked.length < 2 &&
    effectsDropped.length + timersAsked.length + timersDropped.length + evidence.length === 0
  if (plain && entry.seq > 1 && !isUpgrade) return null
  const { version, definitionDigest } = run
  return {
    made: entry.seq === 1 ? rowOfRun(run) : null,
    upgradedTo: isUpgrade ? { version, definitionDigest } : null,
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
export function textOfOwner(owner: Owner): string {
  const known = ownerTexts.get(owner)
  if (known !== undefined) return known
  const text = canonicalJson(owner)
  ownerTexts.set(owner, text)
  return text
}

/** Rows as one flat list, for the way to another thread: a list of texts and numbers costs a third of what objects do. */
export interface PackedRows {
  fields: (keyof StepRow)[]
  values: unknown[]
}

/** All rows are made by `stepRow`, so their fields come in one order. */
export function packRows(rows: StepRow[]): PackedRows {
  const fields = Object.keys(rows[0]!) as (keyof StepRow)[]
  const values: unknown[] = []
  for (const row of rows) values.push(...Object.values(row))
  return { fields, values }
}

export function unpackRows({ fields, values }: PackedRows): StepRow[] {
  const rows: StepRow[] = []
  for (let at = 0; at < values.length; at += fields.length) {
    const row: { [field: string]: unknown } = {}
    for (const [index, field] of fields.entries()) row[field] = values[at + index]
    rows.push(row as unknown as StepRow)
  }
  return rows
}
