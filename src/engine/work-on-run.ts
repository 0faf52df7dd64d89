import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import { type Evidence, evidenceNames } from '../domain/evidence.ts'
import { ENGINE } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { Run, RunEvent } from '../domain/run.ts'
import type { Step, Timer } from '../domain/step.ts'
import { assertSameDefinition } from '../machine/assert-definition.ts'
import { eventStep, type StepFacts } from '../machine/transition.ts'
import { readExecutionSwitch } from './check-live.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { claimEffects, currentLease, LEASE_MS } from './lease.ts'
import { operatorDeclaredBy } from './operators.ts'
import { arrivesAtGate, recordPolicyAtArrival } from './record-policy.ts'
import { Interrupted, runEffect } from './run-effect.ts'

/** A run in the hands of this process: the newest row, and the effects and timers that its steps left. */
export interface ClaimedRun {
  run: Run
  effects: EffectRow[]
  timers: Timer[]
}

/**
 * Works until the run pauses, stops or closes: claimed effect → outcome → event → Step → advance. The advance claims the
 * next effect in the same transaction. Effects run one after another, in the order in which they were asked for.
 */
export async function workUntilRest(
  deps: EngineDeps,
  installed: InstalledMachine,
  inHand: ClaimedRun,
): Promise<Run> {
  const runId = inHand.run.runId
  const heartbeat = setInterval(
    () => void deps.store.renew(runId, currentLease(deps)).catch(() => {}),
    LEASE_MS / 3,
  )
  heartbeat.unref()
  try {
    let now = inHand
    while (now.run.status === 'working') now = await workOnce(deps, installed, now)
    if (now.run.status === 'closed') await deps.onClosed?.(now.run)
    return now.run
  } catch (error) {
    if (error instanceof Interrupted) await deps.store.release(runId, deps.owner)
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

async function workOnce(
  deps: EngineDeps,
  installed: InstalledMachine,
  inHand: ClaimedRun,
): Promise<ClaimedRun> {
  const { run } = inHand
  // Between two phases nothing is begun: the safest point to stop at.
  if (deps.interrupt.aborted) throw new Interrupted(run.runId)
  const at = deps.clock.now()
  const due = inHand.timers.find((timer) => Date.parse(timer.dueAt) <= at.getTime())
  if (due !== undefined) return saveEvent(deps, installed, inHand, due.event, { timerFired: due.timerId })
  const effect = inHand.effects[0]
  if (effect !== undefined) {
    const definition = installed.effects[effect.name]
    if (definition === undefined) {
      throw new CutterError(
        'INTERNAL',
        `machine ${run.machine} asks for the effect ${effect.name}, which is not installed`,
      )
    }
    const { event, evidence, workedMs } = await runEffect(deps, run, effect, definition)
    return saveEvent(deps, installed, inHand, event, { effectDone: effect.invokeId, evidence, workedMs })
  }
  const [timer] = [...inHand.timers].sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt))
  if (timer === undefined) throw await nothingInHand(deps, run)
  const left = Date.parse(timer.dueAt) - at.getTime()
  await until(Math.min(left, LONGEST_WAIT_MS), deps.interrupt, run)
  return inHand
}

/** Another process moved the run on between our look at it and our grip; else its chart is broken. */
async function nothingInHand({ store }: EngineDeps, { runId, seq, state }: Run): Promise<CutterError> {
  if ((await store.run(runId))?.seq === seq)
    return new CutterError('INTERNAL', `run ${runId} works in ${state} but has neither effect nor timer`)
  return new CutterError('STORE_CONFLICT', `run ${runId} has moved on meanwhile; nothing was done here`, {
    next: `cutter run show ${runId}`,
  })
}

/** Gives the run an event (or, after a crash, takes over its effects) and works on. */
export async function continueRun(
  deps: EngineDeps,
  run: Run,
  event: RunEvent | null,
  by: string,
  known: { evidence?: Evidence[]; timers?: Timer[] } = {},
): Promise<Run> {
  const installed = await deps.installed(run.machine)
  const timers = known.timers ?? (await deps.store.timers(run.runId))
  const inHand: ClaimedRun = { run, effects: [], timers }
  if (event === null) {
    assertSameDefinition(installed.machine, run)
    return workUntilRest(deps, installed, { ...inHand, effects: await claimEffects(deps, run) })
  }
  const reading =
    run.mode === 'live' ? { executionSwitch: (await readExecutionSwitch(deps)) as unknown as Json } : {}
  const operator = { osUser: deps.osUser, operatorDeclared: operatorDeclaredBy(deps) }
  const whole = { ...event, ...operator, ...reading }
  return workUntilRest(
    deps,
    installed,
    await saveEvent(deps, installed, inHand, whole, { by, evidence: known.evidence ?? [] }),
  )
}

type TakeFacts = Omit<StepFacts, 'at' | 'by'> & { by?: string }

/** Saves the step that an event makes, and answers with what is in hand after it. */
export async function saveEvent(
  deps: EngineDeps,
  installed: InstalledMachine,
  inHand: ClaimedRun,
  event: RunEvent,
  facts: TakeFacts,
): Promise<ClaimedRun> {
  const at = deps.clock.now().toISOString()
  const stepOf = (taken: RunEvent, evidence = facts.evidence ?? []) =>
    eventStep(installed.machine, inHand.run, naming(taken, evidence), { by: ENGINE, ...facts, evidence, at })
  const planned = stepOf(event)
  const step = arrivesAtGate(deps, planned)
    ? await recordPolicyAtArrival(deps, planned, (recorded, policy) =>
        stepOf({ ...recorded, ...event }, [...(facts.evidence ?? []), ...policy]),
      )
    : planned
  const claimed = await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  return claimedAfter(step, inHand, claimed)
}

/** The entry names the evidence that it leaves, so that the chain vouches for it. */
const naming = (event: RunEvent, evidence: Evidence[]): RunEvent =>
  evidence.length === 0 ? event : { ...event, evidence: evidenceNames(evidence) }

export function claimedAfter(
  step: Step,
  before: Pick<ClaimedRun, 'effects' | 'timers'>,
  claimed: EffectRow[],
): ClaimedRun {
  const goesOn = ({ invokeId }: EffectRow) =>
    invokeId !== step.effectDone && !step.effectsDropped.includes(invokeId)
  const effects = before.effects.filter(goesOn)
  const timers = before.timers.filter(({ timerId }) => !step.timersDropped.includes(timerId))
  effects.push(...claimed)
  timers.push(...step.timersAsked)
  return { run: step.run, effects, timers }
}

/** Node takes a longer time for none at all. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

function until(ms: number, interrupt: AbortSignal, { runId }: Run): Promise<void> {
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
