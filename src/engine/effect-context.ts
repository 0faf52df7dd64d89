import type { Approval } from '../domain/approval.ts'
import type { Effect, EffectContext, EffectRow, FencingToken } from '../domain/effect.ts'
import { CutterError, missingEvidenceError } from '../domain/errors.ts'
import { rememberModuleWork } from '../domain/module-files.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import { assertClaimed } from './assert-claimed.ts'
import { type Deadline, LeftBehind } from './effect-stops.ts'
import type { EngineDeps } from './engine-deps.ts'

/** Returns the working time that the cap of a run leaves, in milliseconds. */
export const workLeftMs = ({ caps }: EngineDeps, { workedMs }: Run) =>
  Math.max(0, caps.runMinutes * 60_000 - workedMs)

/** Returns the cap of a phase, in milliseconds. */
export const phaseCapMs = ({ caps }: Pick<EngineDeps, 'caps'>, phase: string): number =>
  60_000 *
  (caps.phaseMinutesOf !== undefined && Object.hasOwn(caps.phaseMinutesOf, phase)
    ? caps.phaseMinutesOf[phase]!
    : caps.phaseMinutes)

const GRACE_MS = 10_000

/** The shortest of the times that limit an effect, in milliseconds. */
function findLimit(
  deps: EngineDeps,
  run: Run,
  { name, timeoutSeconds }: Pick<Effect, 'name' | 'timeoutSeconds'>,
) {
  const { stopPhases } = deps.caps
  const limits: { ms: number; of: Deadline }[] = [{ ms: workLeftMs(deps, run), of: 'run' }]
  if (stopPhases) limits.push({ ms: phaseCapMs(deps, name), of: 'phase' })
  if (timeoutSeconds !== undefined) limits.push({ ms: timeoutSeconds * 1000, of: 'effect' })
  return limits.reduce((least, one) => (one.ms < least.ms ? one : least))
}

/** The context of one effect. `end` clears the timer of its signal. */
export class RunEffectContext implements EffectContext {
  readonly runId: string
  readonly machine: string
  readonly version: string
  readonly mode: Run['mode']
  readonly seq: number
  readonly startedBy: string
  readonly token: FencingToken
  readonly assertClaimed: () => Promise<void>
  /** Set once the claim is lost. Whatever the effect then does or throws, its outcome is not recorded. */
  claimLost: CutterError | null = null
  readonly now: () => Date
  readonly approval: () => Promise<Approval | null>
  readonly evidence: (digest: string) => Promise<Uint8Array>
  readonly progress: (text: string) => void
  /** The deadline at which the signal aborted, if one did. */
  passed: Deadline | null = null
  private readonly limit: { ms: number; of: Deadline }
  private readonly graceMs: number
  private readonly effectName: string
  private readonly place: string | undefined
  private readonly interrupt: AbortSignal
  private readonly controller = new AbortController()
  private readonly startedAt = performance.now()
  private timer: NodeJS.Timeout | null = null
  private endsAt: Date | null = null

  constructor(
    deps: EngineDeps,
    run: Run,
    row: EffectRow,
    effect: Pick<Effect, 'name' | 'timeoutSeconds' | 'source'>,
  ) {
    this.runId = run.runId
    this.machine = run.machine
    this.version = run.version
    this.mode = run.mode
    this.seq = row.seq
    this.startedBy = run.startedBy
    this.token = { run: run.runId, seq: row.seq, attempt: row.attempt }
    this.assertClaimed = async () => {
      try {
        await assertClaimed(deps, run, row)
      } catch (error) {
        if (error instanceof CutterError) this.claimLost = error
        throw error
      }
    }
    this.now = () => deps.clock.now()
    this.approval = () => findLastApprovalUsed(deps.store, run.runId)
    this.evidence = (digest) => readEvidence(deps, run, digest)
    this.progress = (text) => deps.onProgress?.(run, text)
    this.limit = findLimit(deps, run, effect)
    this.graceMs = deps.graceMs ?? GRACE_MS
    this.effectName = row.name
    this.place = effect.source?.place
    this.interrupt = deps.interrupt
  }

  get deadline(): Date {
    const left = this.limit.ms - (performance.now() - this.startedAt)
    this.endsAt ??= new Date(this.now().getTime() + Math.max(0, Math.round(left)))
    return this.endsAt
  }

  /** A controller of its own, since Node 20 collects what `AbortSignal.any` makes of a time-out, which then never fires. */
  get signal(): AbortSignal {
    if (this.timer === null) {
      const late = () => {
        this.passed = this.limit.of
        this.controller.abort(new DOMException('the working time is over', 'TimeoutError'))
      }
      // It keeps the process alive, so that an effect that waits for nothing ends as well.
      this.timer = setTimeout(late, this.limit.ms)
      if (this.interrupt.aborted) this.interrupted()
      this.interrupt.addEventListener('abort', this.interrupted, { once: true })
    }
    return this.controller.signal
  }

  /**
   * Waits for a part of the effect. Once its signal has aborted, it has a grace time to end.
   * @throws LeftBehind after that time
   */
  async bounded<T>(work: () => Promise<T>): Promise<T> {
    const { signal, effectName, graceMs, place } = this
    if (place !== undefined) rememberModuleWork(effectName, place)
    let timer: NodeJS.Timeout | undefined
    let onAbort = () => {}
    const working = work()
    const left = new Promise<never>((_, reject) => {
      onAbort = () => {
        timer = setTimeout(() => reject(new LeftBehind(effectName, graceMs, working)), graceMs)
      }
    })
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([working, left])
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Ends the timer and the listener of the signal. The signal of an ended effect never aborts. */
  end(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.interrupt.removeEventListener('abort', this.interrupted)
  }

  private readonly interrupted = () => this.controller.abort(this.interrupt.reason)
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
