import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { Machine } from '../machine/define.ts'
import { heldApprovalId } from '../machine/transition.ts'
import { buildUpgradeStep } from '../machine/upgrade-step.ts'
import type { EngineDeps } from './engine-deps.ts'
import { currentLease } from './lease.ts'
import { findInstalled } from './load-run.ts'
import { operatorDeclaredBy } from './operators.ts'
import { recordPolicyAtArrival } from './record-policy.ts'
import { returnToGate } from './resume-stopped.ts'

/**
 * The run under the installed definition of its machine: as it is when that is the one it was started under, else carried over by
 * the machine's upgrade. Throws MACHINE_CHANGED, with nothing touched, where there is none that fits.
 */
export async function upgradeIfNeeded(deps: EngineDeps, run: Run, by: string): Promise<Run> {
  const { machine } = await deps.installed(run.machine)
  const now = machine.definitionDigest === run.definitionDigest ? run : await upgraded(deps, machine, run, by)
  // Looking at the world for its gate with no approval in hand: an upgrade took it, just now or before a crash.
  const bereft = now.status === 'working' && now.gateSeq !== null && heldApprovalId(now) === null
  return bereft ? returnToGate(deps, now, 'the upgrade voided the approval in hand', by) : now
}

/**
 * The run under the installed definition where an upgrade leads there; else the run as it is. A machine that is gone, or that brings
 * no fitting upgrade, is no fault here.
 */
export async function upgradeIfPossible(deps: EngineDeps, run: Run, by: string): Promise<Run> {
  if ((await findInstalled(deps, run.machine)) === null) return run
  try {
    return await upgradeIfNeeded(deps, run, by)
  } catch (error) {
    if (error instanceof CutterError && error.code === 'MACHINE_CHANGED') return run
    throw error
  }
}

async function upgraded(deps: EngineDeps, machine: Machine, run: Run, by: string): Promise<Run> {
  const step = await composeUpgradeStep(deps, machine, run, by)
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  return step.run
}

/** The step of an upgrade, not yet saved. */
export async function composeUpgradeStep(
  deps: EngineDeps,
  machine: Machine,
  run: Run,
  by: string,
): Promise<Step> {
  const { store, clock, osUser } = deps
  const used = (await store.approvals(run.runId)).filter(({ usedSeq }) => usedSeq !== null)
  const facts = {
    at: clock.now().toISOString(),
    by,
    effects: await store.effects(run.runId),
    timers: await store.timers(run.runId),
    gatesPassed: used.map(({ statement }) => statement.gate),
  }
  const readings = { osUser, operatorDeclared: operatorDeclaredBy(deps) }
  const step = buildUpgradeStep(machine, run, { ...facts, readings })
  return recordPolicyAtArrival(deps, step, (recorded, evidence) =>
    buildUpgradeStep(machine, run, { ...facts, readings: { ...readings, ...recorded }, evidence }),
  )
}
