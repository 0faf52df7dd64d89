import type { Approval } from '../domain/approval.ts'
import type { EffectContext, EffectRow } from '../domain/effect.ts'
import { missingEvidenceError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import type { EngineDeps } from './engine-deps.ts'

/** Returns the working time that the cap of a run leaves, in milliseconds. */
export const workLeftMs = ({ caps }: EngineDeps, { workedMs }: Run) =>
  Math.max(0, caps.runMinutes * 60_000 - workedMs)

/** The context of one effect. Its signal has a timer, so it is made only for an effect that asks for it. */
export class RunEffectContext implements EffectContext {
  readonly runId: string
  readonly machine: string
  readonly version: string
  readonly mode: Run['mode']
  readonly seq: number
  readonly startedBy: string
  readonly now: () => Date
  readonly approval: () => Promise<Approval | null>
  readonly evidence: (digest: string) => Promise<Uint8Array>
  readonly progress: (text: string) => void
  private readonly abort: () => AbortSignal
  private made: AbortSignal | null = null

  constructor(deps: EngineDeps, run: Run, row: EffectRow) {
    this.runId = run.runId
    this.machine = run.machine
    this.version = run.version
    this.mode = run.mode
    this.seq = row.seq
    this.startedBy = run.startedBy
    this.now = () => deps.clock.now()
    this.approval = () => findLastApprovalUsed(deps.store, run.runId)
    this.evidence = (digest) => readEvidence(deps, run, digest)
    this.progress = (text) => deps.onProgress?.(run, text)
    this.abort = () => AbortSignal.any([deps.interrupt, AbortSignal.timeout(workLeftMs(deps, run))])
  }

  get signal(): AbortSignal {
    this.made ??= this.abort()
    return this.made
  }
}

async function readEvidence({ store }: EngineDeps, { runId }: Run, digest: string): Promise<Uint8Array> {
  const bytes = await store.evidence(digest)
  if (bytes === null) throw missingEvidenceError(runId, digest)
  return bytes
}

/** Finds the approval with which a run passed its last gate. Null before the first gate. */
export async function findLastApprovalUsed(store: RunStore, runId: string): Promise<Approval | null> {
  const used = (await store.approvals(runId)).filter(({ usedSeq }) => usedSeq !== null)
  return used.sort((a, b) => a.usedSeq! - b.usedSeq!).at(-1) ?? null
}
