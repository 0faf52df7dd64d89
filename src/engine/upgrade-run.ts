import { CutterError } from '../domain/errors.ts'
import { sourceReading } from '../domain/recorded-source.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import { heldApprovalId } from '../machine/transition.ts'
import { buildUpgradeStep } from '../machine/upgrade-step.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { currentLease } from './lease.ts'
import { findInstalled } from './load-run.ts'
import { operatorDeclaredBy, throughOf } from './operators.ts'
import { recordPolicyAtArrival } from './record-policy.ts'
import { returnToGate } from './resume-stopped.ts'
import { readStepTime } from './step-time.ts'
import { withWayOut } from './way-out.ts'

/**
 * Returns the run under the installed definition of its machine. A run of another definition is upgraded first. An upgrade is a step like
 * any other: the machine's `migrate` makes it, and its status, gate, plan and effects must stay. It never passes a gate, and at a gate it is
 * a new arrival.
 * @throws MACHINE_CHANGED when the machine has no upgrade that fits; nothing is changed then
 */
export async function upgradeIfNeeded(deps: EngineDeps, run: Run, by: string): Promise<Run> {
  const installed = await deps.installed(run.machine, run, true)
  const current =
    installed.machine.definitionDigest === run.definitionDigest
      ? run
      : await upgrade(deps, installed, run, by)
  // A run in the last check of the world without an approval: an upgrade voided the approval, just now or before a crash.
  const lacksApproval =
    current.status === 'working' && current.gateSeq !== null && heldApprovalId(current) === null
  return lacksApproval ? returnToGate(deps, current, 'the upgrade voided the approval', by) : current
}

/**
 * The run under the installed definition where an upgrade leads there; else the run as it is. A machine that is gone, or that brings
 * no fitting upgrade, is no fault here.
 */
export async function upgradeIfPossible(deps: EngineDeps, run: Run, by: string): Promise<Run> {
  if ((await findInstalled(deps, run, true)) === null) return run
  try {
    return await upgradeIfNeeded(deps, run, by)
  } catch (error) {
    if (error instanceof CutterError && error.code === 'MACHINE_CHANGED') return run
    throw error
  }
}

async function upgrade(deps: EngineDeps, installed: InstalledMachine, run: Run, by: string): Promise<Run> {
  const step = await composeUpgradeStep(deps, installed, run, by)
  await deps.store.advance(step, currentLease(deps))
  deps.onStep?.(step.run, step.entry)
  return step.run
}

/**
 * Composes the step of an upgrade without saving it.
 * @throws MACHINE_CHANGED
 */
export async function composeUpgradeStep(
  deps: EngineDeps,
  installed: InstalledMachine,
  run: Run,
  by: string,
): Promise<Step> {
  const { store, osUser } = deps
  const { machine } = installed
  const used = (await store.approvals(run.runId)).filter(({ usedSeq }) => usedSeq !== null)
  const { at, reading } = readStepTime(deps, run)
  const facts = {
    at,
    by,
    effects: await store.effects(run.runId),
    timers: await store.timers(run.runId),
    gatesPassed: used.map(({ statement }) => statement.gate),
  }
  const readings = {
    osUser,
    operatorDeclared: operatorDeclaredBy(deps),
    ...throughOf(deps),
    ...sourceReading(installed),
    ...reading,
  }
  const step = await withWayOut(deps, run, () => buildUpgradeStep(machine, run, { ...facts, readings }))
  return recordPolicyAtArrival(deps, step, (recorded, evidence) =>
    buildUpgradeStep(machine, run, { ...facts, readings: { ...readings, ...recorded }, evidence }),
  )
}
