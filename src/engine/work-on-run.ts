import { findUnsettledWrites } from '../domain/begun-writes.ts'
import type { Effect, EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { type Evidence, evidenceNames } from '../domain/evidence.ts'
import type { RunEvent } from '../domain/history-entry.ts'
import { ENGINE } from '../domain/history-facts.ts'
import type { Run } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import { assertSameDefinition } from '../machine/assert-definition.ts'
import { brokenMachineError } from '../machine/read-snapshot.ts'
import { eventStep, type StepFacts } from '../machine/transition.ts'
import { findGatePlanFault, stoppedInstead } from './check-gate-plan.ts'
import { recordSwitch } from './check-live.ts'
import { assertSettledBeforeClose } from './check-settled.ts'
import { invalidEffectStop } from './effect-result.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { claimEffects, currentLease, isLeftBehind, keepRenewing, movedError } from './lease.ts'
import { mayBeLost } from './may-be-lost.ts'
import { operatorDeclaredBy, throughOf } from './operators.ts'
import { arrivesAtGate, recordPolicyAtArrival } from './record-policy.ts'
import { Interrupted, runEffect } from './run-effect.ts'
import { readStepTime, timeFor } from './step-time.ts'

/** A run claimed by this process: its newest row, pending effects and timers. */
export interface ClaimedRun {
  run: Run
  effects: EffectRow[]
  timers: Timer[]
}

/**
 * Works on a run until it pauses, stops or closes: claimed effect → outcome → event → Step → advance. The transaction of the advance also
 * claims the next effect. Effects run one after another, in the order in which the chart asked for them.
 */
export async function workUntilRest(
  deps: EngineDeps,
  installed: InstalledMachine,
  claimed: ClaimedRun,
  { isTakenOver = false } = {},
): Promise<Run> {
  const runId = claimed.run.runId
  const stopRenewing = keepRenewing(deps, runId)
  try {
    let current = isTakenOver ? await settleBegun(deps, installed, claimed) : claimed
    while (current.run.status === 'working') {
      current = await workOnce(deps, installed, current)
      // A chart in a circle must not keep this process from its signals, leases and other runs.
      if (current.run.seq % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    if (current.run.status === 'closed') await deps.onClosed?.(current.run)
    return current.run
  } catch (error) {
    if (error instanceof Interrupted && !isLeftBehind(deps, runId))
      await deps.store.release(runId, deps.owner())
    throw error
  } finally {
    stopRenewing()
  }
}

async function workOnce(
  deps: EngineDeps,
  installed: InstalledMachine,
  claimed: ClaimedRun,
): Promise<ClaimedRun> {
  const { run } = claimed
  // Between two phases no effect runs, so this is the safest point to stop.
  if (deps.interrupt.aborted) throw new Interrupted(run.runId)
  const at = timeFor(deps, run)
  const due = claimed.timers.find((timer) => Date.parse(timer.dueAt) <= at.getTime())
  if (due !== undefined && run.seq >= deps.caps.steps) throw timerCircleError(deps, run)
  const fire = ({ event, timerId }: Timer) =>
    saveEvent(deps, installed, claimed, event, { timerFired: timerId })
  const effect = claimed.effects[0]
  if (effect === undefined && due !== undefined) return fire(due)
  if (effect !== undefined) {
    const definition = findEffect(installed, effect.name, run)
    // A timer ends a read. A live write may be committed, so the target is asked first, and the timer fires only if the write is missing.
    if (due !== undefined && (definition.kind === 'read' || run.mode !== 'live')) return fire(due)
    const probeOnly = due !== undefined
    const { turn = atOnce } = deps
    const named = { runId: run.runId, machine: run.machine, effect: effect.invokeId }
    const { event, evidence, workedMs } = await turn(
      () => runEffect(deps, run, effect, definition, { probeOnly }),
      named,
    )
    const facts = { effectDone: effect.invokeId, evidence, workedMs }
    if (due === undefined || event.committed !== 'no')
      return saveEvent(deps, installed, claimed, event, facts)
    if (!(await isUnsettled(deps, run, effect))) return fire(due)
    // An earlier attempt left it open, so the answer is recorded before the timer ends the write.
    const settled = await saveEvent(deps, installed, claimed, event, facts)
    return settled.timers.includes(due)
      ? saveEvent(deps, installed, settled, due.event, { timerFired: due.timerId })
      : settled
  }
  const [timer] = [...claimed.timers].sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt))
  if (timer === undefined) throw await nothingPendingError(deps, run)
  const left = Date.parse(timer.dueAt) - at.getTime()
  await waitFor(Math.min(left, LONGEST_WAIT_MS), deps.interrupt, run)
  return claimed
}

const isUnsettled = async ({ store }: EngineDeps, { runId }: Run, { invokeId }: EffectRow) =>
  findUnsettledWrites(await store.history(runId)).some(({ effect }) => effect === invokeId)

/** The kinds of the effects of a machine, which the entries of a live run record. */
export const kindsOf =
  ({ effects }: InstalledMachine): NonNullable<StepFacts['kindOf']> =>
  (name) =>
    effects[name]?.kind

const atOnce = <Result>(effect: () => Promise<Result>) => effect()

function findEffect({ effects }: InstalledMachine, name: string, { machine }: Run): Effect {
  const effect = effects[name]
  if (effect !== undefined) return effect
  throw new CutterError('INTERNAL', `machine ${machine} asks for the effect ${name}, which is not installed`)
}

/** Timers that follow each other without an effect have no outcome in which a stop could be saved. */
function timerCircleError({ caps }: EngineDeps, { runId, machine, state }: Run): CutterError {
  const message = `run ${runId} took ${caps.steps} steps, which is its cap (caps.steps), and machine ${machine} asks for one more by a timer in ${state}`
  return new CutterError('EVENT_REFUSED', message, {
    next: `correct the chart, or: cutter run cancel ${runId} --reason …`,
    data: { runId },
  })
}

/** Another process moved the run after it was loaded here; otherwise its chart is broken. */
async function nothingPendingError({ store }: EngineDeps, run: Run): Promise<CutterError> {
  const { runId, seq, state } = run
  if ((await store.run(runId))?.seq === seq)
    return new CutterError('INTERNAL', `run ${runId} works in ${state} but has neither effect nor timer`)
  return movedError(run)
}

/**
 * Gives a run an event and works on it until it rests. With null it claims the effects that a crash left, and continues them.
 * @throws RUN_HELD, STORE_CONFLICT when another process moves the run
 * @throws MACHINE_CHANGED when the run is of another definition than the installed one
 */
export async function continueRun(
  deps: EngineDeps,
  run: Run,
  event: RunEvent | null,
  by: string,
  known: { evidence?: Evidence[]; timers?: Timer[] } = {},
): Promise<Run> {
  const installed = await deps.installed(run.machine, run)
  const timers = known.timers ?? (await deps.store.timers(run.runId))
  const claimed: ClaimedRun = { run, effects: [], timers }
  if (event === null) {
    assertSameDefinition(installed.machine, run)
    const effects = await claimEffects(deps, run)
    return workUntilRest(deps, installed, { ...claimed, effects }, { isTakenOver: true })
  }
  const reading = run.mode === 'live' ? await recordSwitch(deps) : {}
  const operator = { osUser: deps.osUser, operatorDeclared: operatorDeclaredBy(deps) }
  const completeEvent = { ...event, ...operator, ...reading }
  return workUntilRest(
    deps,
    installed,
    await saveEvent(deps, installed, claimed, completeEvent, { by, evidence: known.evidence ?? [] }),
  )
}

/**
 * Asks about each live write of parallel regions that another process may have begun. The outcome of one effect may lead the chart out of the
 * others, and a write that was begun may not be left before it is settled. A write that is missing stays in flight.
 */
export async function settleBegun(
  deps: EngineDeps,
  installed: InstalledMachine,
  claimed: ClaimedRun,
): Promise<ClaimedRun> {
  let current = claimed
  if (claimed.run.mode !== 'live' || claimed.effects.length < 2) return current
  for (const effect of claimed.effects) {
    const definition = findEffect(installed, effect.name, current.run)
    if (definition.kind === 'read' || effect.attempt < 2 || !current.effects.includes(effect)) continue
    const { event, evidence, workedMs } = await runEffect(deps, current.run, effect, definition, {
      probeOnly: true,
    })
    if (event.committed === 'no') continue
    const facts = { effectDone: effect.invokeId, evidence, workedMs }
    current = await saveEvent(deps, installed, current, event, facts)
  }
  return current
}

type EventFacts = Omit<StepFacts, 'at' | 'by'> & { by?: string }

/** Saves the step that an event makes, and returns the run with what is pending after it. */
export async function saveEvent(
  deps: EngineDeps,
  installed: InstalledMachine,
  claimed: ClaimedRun,
  event: RunEvent,
  facts: EventFacts,
): Promise<ClaimedRun> {
  const { at, reading } = readStepTime(deps, claimed.run)
  const added = facts.by === undefined ? reading : { ...reading, ...throughOf(deps) }
  const stepOf = (received: RunEvent, evidence = facts.evidence ?? []) =>
    eventStep(installed.machine, claimed.run, nameEvidence({ ...received, ...added }, evidence), {
      by: ENGINE,
      ...facts,
      evidence,
      at,
      kindOf: kindsOf(installed),
    })
  const effect = claimed.effects.find(({ invokeId }) => invokeId === facts.effectDone)
  const stopInstead = (fault: string) => {
    const stop = invalidEffectStop(installed.effects[effect!.name]!, fault)
    const { evidence: _evidence, ...others } = facts
    return saveEvent(deps, installed, claimed, stoppedInstead(event, effect!.invokeId, stop), others)
  }
  let planned: Step
  try {
    planned = stepOf(event)
  } catch (error) {
    // The chart broke at the outcome of an effect. The outcome is kept, as a stop, so that the run can be cancelled.
    const isOutcome = effect !== undefined && event.type.startsWith('xstate.done.')
    if (!(isOutcome && error instanceof CutterError && error.code === 'INTERNAL')) throw error
    return stopInstead(`has an outcome that the chart cannot take: ${error.message}`)
  }
  if (planned.run.status === 'closed' && event.executionSwitch === undefined)
    return saveEvent(deps, installed, claimed, { ...event, ...(await recordSwitch(deps)) }, facts)
  const fault = await findGatePlanFault(deps.store, planned, facts.evidence ?? [])
  if (fault !== null) {
    if (effect !== undefined) return stopInstead(fault)
    throw brokenMachineError(installed.machine, 'a gate', `${event.type} ${fault}`)
  }
  const step = arrivesAtGate(deps, planned)
    ? await recordPolicyAtArrival(deps, planned, (recorded, policy) =>
        stepOf({ ...recorded, ...event }, [...(facts.evidence ?? []), ...policy]),
      )
    : planned
  await assertSettledBeforeClose(deps, step)
  const how = { mayBeLost: mayBeLost(deps, installed, step, effect?.name) }
  const newEffects = await deps.store.advance(step, currentLease(deps), how)
  deps.checked?.keepStep(claimed.run, step)
  deps.onStep?.(step.run, step.entry)
  return claimedAfter(step, claimed, newEffects)
}

/** Adds the names of the evidence to an event, so that the hash chain proves the evidence. */
const nameEvidence = (event: RunEvent, evidence: Evidence[]): RunEvent =>
  evidence.length === 0 ? event : { ...event, evidence: evidenceNames(evidence) }

/** Returns a claimed run as it is after a step. */
export function claimedAfter(
  step: Step,
  before: Pick<ClaimedRun, 'effects' | 'timers'>,
  claimed: EffectRow[],
): ClaimedRun {
  const isPending = ({ invokeId }: EffectRow) =>
    invokeId !== step.effectDone && !step.effectsDropped.includes(invokeId)
  const effects = before.effects.filter(isPending)
  const timers = before.timers.filter(({ timerId }) => !step.timersDropped.includes(timerId))
  effects.push(...claimed)
  timers.push(...step.timersAsked)
  return { run: step.run, effects, timers }
}

const STEPS_PER_TURN = 50

/** The longest delay of a timer of Node, in milliseconds. Node treats a longer one as no delay. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

function waitFor(ms: number, interrupt: AbortSignal, { runId }: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(new Interrupted(runId))
    }
    const timer = setTimeout(() => {
      interrupt.removeEventListener('abort', stop)
      resolve()
    }, ms)
    interrupt.addEventListener('abort', stop, { once: true })
  })
}
