import type { Approval } from '../domain/approval.ts'
import type { Effect, EffectContext, EffectResult, EffectRow, Probe, WriteEffect } from '../domain/effect.ts'
import { CutterError, missingEvidenceError, Stop, type StopFacts } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { Json } from '../domain/json.ts'
import type { Run, RunEvent } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import { assertNoHoldBeforeWrite, type HoldReading } from './check-hold.ts'
import { assertSwitchBeforeWrite, readExecutionSwitch, type SwitchReading } from './check-live.ts'
import { assertNoSecretReport } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { limitStopToPhase } from './stop-message.ts'

/** How an effect came to its result. The event that carries it is the phase's receipt: output, evidence by digest, how it ran. */
type Ran = 'execute' | 'simulate' | 'probe'

/** An effect's outcome, ready to become an event of the run. */
export interface EffectOutcome {
  event: RunEvent
  evidence: Evidence[]
  workedMs: number
}

/** What was read before the work was done; recorded with its outcome. */
interface Readings {
  executionSwitch?: SwitchReading
  hold?: HoldReading
}

/** Thrown when the operator interrupts: nothing is recorded, the next resume settles what was begun. */
export class Interrupted extends Error {
  constructor(
    readonly runId: string,
    options?: ErrorOptions,
  ) {
    super(`run ${runId} was interrupted`, options)
  }
}

/** Performs one claimed effect, to its end. Never throws but for an interrupt: a failure is an outcome. */
export async function runEffect(
  deps: EngineDeps,
  run: Run,
  row: EffectRow,
  effect: Effect,
): Promise<EffectOutcome> {
  const begun = performance.now()
  const context = new Context(deps, run, row)
  const readings: Readings = {}
  try {
    if (effect.kind === 'write') await refuseUnapproved(deps, run, effect)
    if (workLeftMs(deps, run) === 0) throw atCap('it was not begun')
    const { ran, result } = await outcomeOf(deps, context, effect, row.input, readings)
    const output = effect.output.parse(result.output) as Json
    const evidence = result.evidence ?? []
    const wrote = effect.kind === 'write' && ran !== 'simulate'
    refuseOddNames(row.name, evidence)
    const quotesDocument = effect.quotesDocument === true
    assertNoSecretReport(deps, { name: row.name, wrote, quotesDocument }, { output, evidence })
    const workedMs = performance.now() - begun
    return {
      event: eventOf(
        `xstate.done.actor.${row.invokeId}`,
        { output: deps.secrets?.redactFacts(output) ?? output, ran },
        { deps, row, effect, readings, workedMs },
      ),
      evidence,
      workedMs,
    }
  } catch (error) {
    if (deps.interrupt.aborted) throw new Interrupted(run.runId, { cause: error })
    const workedMs = performance.now() - begun
    const found = await limitStopToPhase(deps, run, row.name, stopOf(error, context.signal))
    const stop = deps.secrets?.redactWords(found) ?? found
    if (stop.code === 'STOP_INTERNAL')
      deps.log.error({ err: error, runId: run.runId, effect: row.name }, 'effect failed')
    return {
      event: eventOf(
        `xstate.error.actor.${row.invokeId}`,
        { error: stop as unknown as Json },
        { deps, row, effect, readings, workedMs },
      ),
      evidence: [],
      workedMs,
    }
  }
}

/**
 * A dry run's write is simulated, always. A live write is probed first, always: whether this is its first try or one after a
 * crash, a stop or a lost connection, what it finds decides, and so it is done once.
 */
async function outcomeOf(
  deps: EngineDeps,
  context: EffectContext,
  effect: Effect,
  input: Json,
  readings: Readings,
): Promise<{ ran: Ran; result: EffectResult<unknown> }> {
  const parsed = effect.input.parse(input)
  if (effect.kind === 'read') {
    if (context.mode === 'live') readings.executionSwitch = await readExecutionSwitch(deps)
    return { ran: 'execute', result: await effect.execute(context, parsed) }
  }
  if (context.mode !== 'live') {
    readings.hold = await assertNoHoldBeforeWrite(deps, context.runId)
    return { ran: 'simulate', result: await effect.simulate(context, parsed) }
  }

  const before = await probed(context, effect, parsed)
  if (before.outcome === 'committed') return { ran: 'probe', result: before }
  if (before.outcome === 'unknown') throw unknownOutcome(effect.name, before.why)
  readings.hold = await assertNoHoldBeforeWrite(deps, context.runId)
  readings.executionSwitch = await assertSwitchBeforeWrite(deps)
  try {
    return { ran: 'execute', result: await effect.execute(context, parsed) }
  } catch (error) {
    // A Stop knows that nothing remains. Anything else may have committed: ask the target, never guess.
    if (error instanceof Stop || deps.interrupt.aborted) throw error
    return { ran: 'probe', result: await settled(context, effect, parsed, error) }
  }
}

/**
 * A last check looks at the world; what writes there would do so before the approval is used, and again with the same one. Nor
 * does a live run write before it has used one, whatever its chart says.
 */
async function refuseUnapproved(deps: EngineDeps, run: Run, effect: WriteEffect): Promise<void> {
  const unapproved = (when: string) =>
    new Stop('STOP_INTERNAL', `the machine asks for the write ${effect.name} ${when}; it was not begun`, {
      next: 'mend the chart: a write comes after its gate',
    })
  if (run.gateSeq !== null) throw unapproved('while its gate is not yet passed')
  if (run.mode !== 'live' || effect.beforeApproval) return
  if ((await findLastApprovalUsed(deps.store, run.runId)) === null)
    throw unapproved('before it has used an approval')
}

/** What can't be asked stays unknown, unless a Stop says more than that. */
async function probed(context: EffectContext, effect: WriteEffect, input: unknown): Promise<Probe<unknown>> {
  try {
    return await effect.probe(context, input)
  } catch (error) {
    if (error instanceof Stop || context.signal.aborted) throw error
    throw unknownOutcome(effect.name, error instanceof Error ? error.message : String(error))
  }
}

async function settled(
  context: EffectContext,
  effect: WriteEffect,
  input: unknown,
  cause: unknown,
): Promise<EffectResult<unknown>> {
  let found: Probe<unknown>
  try {
    found = await effect.probe(context, input)
  } catch (error) {
    throw unknownOutcome(effect.name, error instanceof Error ? error.message : String(error))
  }
  if (found.outcome === 'committed') return found
  if (found.outcome === 'unknown') throw unknownOutcome(effect.name, found.why)
  throw cause
}

function unknownOutcome(name: string, why: string): Stop {
  return new Stop('STOP_OUTCOME_UNKNOWN', `whether ${name} was committed could not be told: ${why}`, {
    next: 'cutter run resume <run> asks the target again before anything is written',
  })
}

function stopOf(error: unknown, signal: AbortSignal): StopFacts {
  if (error instanceof Stop) return error.facts
  if (signal.aborted) return atCap('what was begun was aborted').facts
  if (error instanceof CutterError) {
    const next = error.next === undefined ? {} : { next: error.next }
    return { code: stopCodeOf(error), message: error.message, ...next, data: error.data }
  }
  return { code: 'STOP_INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

function atCap(what: string): Stop {
  return new Stop('STOP_CAP_RUN_TIME', `the run’s working time reached its cap (caps.runMinutes); ${what}`, {
    next: 'raise caps.runMinutes in cutter.yaml, then cutter run resume',
  })
}

const workLeftMs = ({ caps }: EngineDeps, { workedMs }: Run) =>
  Math.max(0, caps.runMinutes * 60_000 - workedMs)

function stopCodeOf({ code }: CutterError): StopFacts['code'] {
  if (code === 'INPUT_REFUSED' || code === 'CONFIG_INVALID') return 'STOP_REFUSED_INPUT'
  if (code === 'TARGET_UNREACHABLE') return 'STOP_TARGET_UNREACHABLE'
  if (code === 'TARGET_REFUSED' || code === 'TARGET_NOT_FOUND') return 'STOP_TARGET_REFUSED'
  if (code === 'HOST_UNREACHABLE') return 'STOP_HOST_UNREACHABLE'
  if (code === 'HOST_COMMAND_FAILED') return 'STOP_HOST_COMMAND_FAILED'
  return 'STOP_INTERNAL'
}

/** What is in force at a gate, and what an upgrade leaves, the engine records under these names. */
const OUR_NAMES = /^(?:policy|signers|revoked|snapshot)\//

function refuseOddNames(effect: string, evidence: Evidence[]): void {
  const odd = evidence.find(
    ({ name }, index) => OUR_NAMES.test(name) || evidence.findIndex((one) => one.name === name) < index,
  )
  if (odd === undefined) return
  const why = OUR_NAMES.test(odd.name) ? 'such names are the engine’s own' : 'it leaves that name twice'
  throw new Stop('STOP_INTERNAL', `${effect} leaves the evidence ${odd.name}: ${why}`)
}

interface Circumstances {
  deps: EngineDeps
  row: EffectRow
  effect: Effect
  readings: Readings
  workedMs: number
}

/**
 * The event of an outcome: which attempt, what was read before it, whether it was to write, whether it passed its soft cap, how it
 * ran. Its fields come in the order of RFC 8785, in which they are hashed: an object in that order needs no sorting.
 */
function eventOf(
  type: string,
  outcome: { output: Json; ran: Ran } | { error: Json },
  { deps, row, effect, readings, workedMs }: Circumstances,
): RunEvent {
  const event: { [field: string]: Json } = { actorId: row.invokeId }
  if (row.attempt > 1) event.attempt = row.attempt
  if ('error' in outcome) event.error = outcome.error
  if (readings.executionSwitch !== undefined) event.executionSwitch = readings.executionSwitch
  if (readings.hold !== undefined) event.hold = readings.hold
  if (effect.kind === 'write') event.kind = 'write'
  if ('output' in outcome) event.output = outcome.output
  if (workedMs > deps.caps.phaseMinutes * 60_000) event.overPhaseCap = true
  if ('ran' in outcome) event.ran = outcome.ran
  event.type = type
  return event as RunEvent
}

/** One is made for every effect; its signal, with a timer behind it, only for an effect that asks for it. */
class Context implements EffectContext {
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
    this.evidence = (digest) => evidenceOf(deps, run, digest)
    this.progress = (text) => deps.onProgress?.(run, text)
    this.abort = () => AbortSignal.any([deps.interrupt, AbortSignal.timeout(workLeftMs(deps, run))])
  }

  get signal(): AbortSignal {
    this.made ??= this.abort()
    return this.made
  }
}

async function evidenceOf({ store }: EngineDeps, { runId }: Run, digest: string): Promise<Uint8Array> {
  const bytes = await store.evidence(digest)
  if (bytes === null) throw missingEvidenceError(runId, digest)
  return bytes
}

/** The approval under which a run passed its last gate. */
export async function findLastApprovalUsed(store: RunStore, runId: string): Promise<Approval | null> {
  const used = (await store.approvals(runId)).filter(({ usedSeq }) => usedSeq !== null)
  return used.sort((a, b) => a.usedSeq! - b.usedSeq!).at(-1) ?? null
}
