import type { StopFacts } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { Mode, Outcome, Run, Status } from '../domain/run.ts'

/** `run.json` of a bundle: where the run stands. All of it is told by the last entry, the snapshot or the closeout too. */
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
  phase: string | null
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

export function runFacts(run: Run): RunFacts {
  const { runId, machine, version, definitionDigest, mode, startedBy, startedAt, updatedAt } = run
  const { status, state, phase, stopCode, stop, outcome, gate, gateSeq, gateHead } = run
  const { planDigest, output, seq, head, snapshotDigest } = run
  return {
    ...{ runId, machine, version, definitionDigest, mode, startedBy, startedAt, updatedAt },
    ...{ status, state, phase, stopCode, stop, outcome, gate, gateSeq, gateHead },
    ...{ planDigest, output, seq, head, snapshotDigest },
  }
}
