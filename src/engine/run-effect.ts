import { type Committed, listBegunWrites } from '../domain/begun-writes.ts'
import type { Effect, EffectRow, Probe, WriteEffect } from '../domain/effect.ts'
import { OutcomeUnknown, Stop } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import type { Run } from '../domain/run.ts'
import type { StopCode } from '../domain/stop-codes.ts'
import { assertNoHoldBeforeWrite } from './check-hold.ts'
import { assertSwitchBeforeWrite, readExecutionSwitch } from './check-live.ts'
import { assertNoSecretReport } from './check-secrets.ts'
import { findLastApprovalUsed, RunEffectContext, workLeftMs } from './effect-context.ts'
import { composeOutcomeEvent, type Ran, type Readings } from './effect-event.ts'
import {
  invalidEffectStop,
  type ParsedResult,
  parseAtOnce,
  parseEffectResult,
  parseProbe,
} from './effect-result.ts'
import { capStop, describeThrown, LeftBehind, stepsStop, stopOf } from './effect-stops.ts'
import type { EngineDeps } from './engine-deps.ts'
import { isLeftBehind, keepClaimUntilEnd, leftBehindError } from './lease.ts'
import { limitStopToPhase } from './stop-message.ts'
import { abandonHint } from './way-out.ts'

/** The outcome of an effect, as an event of the run. `workedMs` is its working time in milliseconds. */
interface EffectOutcome {
  event: RunEvent
  evidence: Evidence[]
  workedMs: number
}

/** Thrown when the operator interrupts. Nothing is recorded, and the next resume settles the effect. */
export class Interrupted extends Error {
  constructor(
    readonly runId: string,
    options?: ErrorOptions,
  ) {
    super(`run ${runId} was interrupted`, options)
  }
}

/**
 * Runs one claimed effect to its end. A failure is an outcome, and not an error. With `probeOnly` a live write is not executed: the target is
 * asked, and a write that is missing fails with STOP_WRITE_MISSING.
 * @throws Interrupted when the operator interrupts
 * @throws RUN_HELD, STORE_CONFLICT when this process has lost its claim, or a live write was left behind; nothing is recorded then
 */
export async function runEffect(
  deps: EngineDeps,
  run: Run,
  row: EffectRow,
  effect: Effect,
  { probeOnly = false } = {},
): Promise<EffectOutcome> {
  const startedAt = performance.now()
  const context = new RunEffectContext(deps, run, row, effect)
  const readings: Readings = {}
  try {
    if (effect.kind === 'write' && run.mode === 'live')
      readings.committed = await committedSoFar(deps, run, row)
    if (effect.kind === 'write') await assertApproved(deps, run, effect)
    if (workLeftMs(deps, run) === 0) throw capStop('the effect was not started')
    if (run.seq >= deps.caps.steps) throw stepsStop(deps, effect)
    const { ran, result } = await executeOrProbe(deps, context, effect, row.input, readings, probeOnly)
    const { output, evidence = [] } = result
    const wrote = effect.kind === 'write' && ran !== 'simulate'
    assertEvidenceNames(row.name, evidence)
    assertNoSecretReport(deps, effect, wrote, { output, evidence })
    const workedMs = performance.now() - startedAt
    return {
      event: composeOutcomeEvent(
        `xstate.done.actor.${row.invokeId}`,
        { output: deps.secrets?.redactFacts(output) ?? output, ran },
        { deps, row, effect, readings, workedMs },
      ),
      evidence,
      workedMs,
    }
  } catch (error) {
    if (error instanceof LeftBehind) deps.log.warn({ runId: run.runId, effect: row.name }, error.message)
    if (deps.interrupt.aborted) throw new Interrupted(run.runId, { cause: error })
    if (context.claimLost !== null) throw context.claimLost
    if (isLeftBehind(deps, run.runId)) throw leftBehindError(deps, run.runId)
    const workedMs = performance.now() - startedAt
    const found = await limitStopToPhase(deps, run, row.name, stopOf(error, effect, context.passed))
    const stop = deps.secrets?.redactWords(found) ?? found
    logFailure(deps, run, row, stop.code, error)
    return {
      event: composeOutcomeEvent(
        `xstate.error.actor.${row.invokeId}`,
        { error: stop as unknown as Json },
        { deps, row, effect, readings, workedMs },
      ),
      evidence: [],
      workedMs,
    }
  } finally {
    context.end()
  }
}

/** The error with its stack and its causes: the history keeps only what people need. */
function logFailure({ log }: EngineDeps, run: Run, row: EffectRow, stopCode: StopCode, err: unknown): void {
  const { runId, machine, seq, state } = run
  const facts = { err, runId, machine, seq, state, effect: row.name, stopCode }
  if (stopCode === 'STOP_INTERNAL') log.error(facts, 'effect failed')
  else log.warn(facts, 'effect stopped')
}

/**
 * Simulates the write of a dry run, always. Probes a live write before it executes it, always: at the first attempt, and after a crash, a
 * stop or a lost connection. The result of the probe decides, so that the write happens once.
 */
async function executeOrProbe(
  deps: EngineDeps,
  context: RunEffectContext,
  effect: Effect,
  input: Json,
  readings: Readings,
  probeOnly: boolean,
): Promise<{ ran: Ran; result: ParsedResult }> {
  const parsed = parseInput(effect, input)
  if (effect.kind === 'read') {
    if (context.mode === 'live') readings.executionSwitch = await readExecutionSwitch(deps)
    return { ran: 'execute', result: await executed(effect, context, parsed) }
  }
  if (context.mode !== 'live') {
    readings.hold = await assertNoHoldBeforeWrite(deps, context.runId)
    await context.assertClaimed()
    const simulated = await context.bounded(() => effect.simulate(context, parsed))
    return { ran: 'simulate', result: parseEffectResult(effect, simulated, 'simulate') }
  }

  const before = await probeBefore(context, effect, parsed, readings)
  if (before.outcome === 'committed') {
    readings.committed = 'yes'
    return { ran: 'probe', result: before }
  }
  if (before.outcome === 'unknown') throw unknownOutcomeStop(effect.name, before.why)
  readings.committed = 'no'
  if (probeOnly) throw missingWriteStop(effect.name)
  readings.hold = await assertNoHoldBeforeWrite(deps, context.runId)
  readings.executionSwitch = await assertSwitchBeforeWrite(deps)
  readings.committed = 'unknown'
  try {
    const result = await executed(effect, context, parsed)
    readings.committed = 'yes'
    return { ran: 'execute', result }
  } catch (error) {
    // It may still write, so that no answer of the target would last.
    if (error instanceof LeftBehind) keepClaimUntilEnd(deps, context.runId, error.work)
    if (deps.interrupt.aborted || error instanceof LeftBehind) throw error
    // After a Stop of the effect no change remains. After any other error the write may be committed, so the target is asked.
    if (error instanceof Stop && error.facts.code !== 'STOP_EFFECT_INVALID') {
      if (!SAYS_NOTHING_OF_OTHERS.includes(error.facts.code)) readings.committed = 'no'
      throw error
    }
    const result = await probeAfter(context, effect, parsed, error, readings)
    // The write is done. A result that breaks the contract is not passed over, and the next resume asks the probe for it.
    if (error instanceof Stop) throw committedThoughInvalid(error)
    return { ran: 'probe', result }
  }
}

/**
 * What is known of a live write before it is probed: an earlier attempt that nobody settled leaves it unknown. A probe that then fails must not
 * make it look as if nothing had been begun.
 */
async function committedSoFar({ store }: EngineDeps, { runId }: Run, row: EffectRow): Promise<Committed> {
  if (row.attempt > 1) return 'unknown'
  // A chart may repeat a write, and what an earlier repetition did says nothing about this one.
  const failed = listBegunWrites(await store.history(runId)).find(
    ({ effect, ran, isRepeated }) => effect === row.invokeId && ran === null && isRepeated,
  )
  return failed?.committed ?? 'no'
}

/** Stops after which another attempt of the same write may have committed. */
const SAYS_NOTHING_OF_OTHERS: string[] = ['STOP_OUTCOME_UNKNOWN', 'STOP_FENCED']

async function executed(effect: Effect, context: RunEffectContext, input: unknown): Promise<ParsedResult> {
  await context.assertClaimed()
  return parseEffectResult(effect, await context.bounded(() => effect.execute(context, input)), 'execute')
}

/** @throws STOP_EFFECT_INVALID when the effect's input schema refuses what the chart gives it */
function parseInput(effect: Effect, given: Json): unknown {
  const parsed = parseAtOnce(effect, 'input', given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the input'}: ${message}`,
  )
  throw invalidEffectStop(
    effect,
    `cannot start: its input schema refuses what the chart gives it (${faults.join('; ')})`,
  )
}

const nameOf = ({ name, source }: Effect) => (source === undefined ? name : `${name} (${source.place})`)

/**
 * Checks that a write comes after its gate, whatever the chart asks for. The last check of the world may not write: its write would happen
 * before the approval is used, and again with the same approval. A run writes only after it has used an approval; a dry run refuses what a
 * live run would refuse.
 */
async function assertApproved(deps: EngineDeps, run: Run, effect: WriteEffect): Promise<void> {
  const unapproved = (when: string) =>
    new Stop(
      'STOP_INTERNAL',
      `${run.state} asks for the write ${nameOf(effect)} ${when}; it was not started`,
      {
        next: 'correct the chart: a write comes after its gate, as the work of gated(…) or of a later state',
      },
    )
  if (run.gateSeq !== null) throw unapproved('before its gate is passed')
  if (effect.beforeApproval) return
  if ((await findLastApprovalUsed(deps.store, run.runId)) === null)
    throw unapproved('before it has used an approval')
}

/** Probes a write before it is executed. A probe that fails leaves the outcome unknown, unless it throws a Stop. */
async function probeBefore(
  context: RunEffectContext,
  effect: WriteEffect,
  input: unknown,
  readings: Readings,
): Promise<Probe<Json>> {
  try {
    return parseProbe(effect, await context.bounded(() => effect.probe(context, input)))
  } catch (error) {
    // The target took the write back by itself, and the probe has seen that.
    if (error instanceof Stop && error.facts.code === 'STOP_NOT_CONFIRMED') readings.committed = 'no'
    if (error instanceof Stop && error.facts.code === 'STOP_FENCED') readings.committed = 'unknown'
    if (error instanceof Stop || context.signal.aborted) throw error
    throw unknownOutcomeStop(effect.name, describeThrown(error, effect))
  }
}

/** Probes a write that failed. If it was committed, that is its result; if not, the error of the write is thrown. */
async function probeAfter(
  context: RunEffectContext,
  effect: WriteEffect,
  input: unknown,
  cause: unknown,
  readings: Readings,
): Promise<ParsedResult> {
  let found: Probe<Json>
  try {
    found = parseProbe(effect, await context.bounded(() => effect.probe(context, input)))
  } catch (error) {
    throw unknownOutcomeStop(effect.name, describeThrown(error, effect))
  }
  if (found.outcome === 'unknown') {
    const after = cause instanceof Stop ? `; before that, ${cause.message}` : ''
    throw unknownOutcomeStop(effect.name, `${found.why}${after}`)
  }
  readings.committed = found.outcome === 'committed' ? 'yes' : 'no'
  if (found.outcome === 'committed') return found
  throw (cause instanceof OutcomeUnknown ? cause.ifMissing : null) ?? cause
}

function committedThoughInvalid({ facts: { message, data = {} } }: Stop): Stop {
  return new Stop('STOP_EFFECT_INVALID', `${message}. Its probe says that the write was committed`, {
    next: 'cutter run resume <run> takes the result from the probe and writes nothing; correct the machine before its next run',
    data,
  })
}

function missingWriteStop(name: string): Stop {
  return new Stop(
    'STOP_WRITE_MISSING',
    `the target was asked: ${name} was not committed, and it was not done now`,
    {
      next: 'cutter run cancel <run> --reason …, or cutter run resume <run>, which does the write',
    },
  )
}

function unknownOutcomeStop(name: string, why: string): Stop {
  return new Stop('STOP_OUTCOME_UNKNOWN', `it is not known whether ${name} was committed: ${why}`, {
    next: `cutter run resume <run> asks the target again before anything is written; if it will never answer: ${abandonHint('<run>')}`,
  })
}

/** The engine records policies, trust files and snapshots under these names. */
const ENGINE_NAMES = /^(?:policy|signers|revoked|snapshot)\//

function assertEvidenceNames(effect: string, evidence: Evidence[]): void {
  const wrong = evidence.find(
    ({ name }, index) => ENGINE_NAMES.test(name) || evidence.findIndex((one) => one.name === name) < index,
  )
  if (wrong === undefined) return
  const why = ENGINE_NAMES.test(wrong.name)
    ? 'such names belong to the engine'
    : 'two pieces of evidence have that name'
  throw new Stop('STOP_INTERNAL', `${effect} leaves the evidence ${wrong.name}: ${why}`)
}
