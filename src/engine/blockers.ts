import type { RefusalReason } from '../approvals/refusal.ts'
import { unmeetableRefusal } from '../approvals/rules/quorum.ts'
import { noApproverRefusal } from '../approvals/rules/signature-refusals.ts'
import { CutterError, type ErrorCode, Stop } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { StopCode } from '../domain/stop-codes.ts'
import { assertSuitableHost } from './assert-suitable-host.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertFilesSafe, assertLiveAtGate, assertSwitchBeforeWrite } from './check-live.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import type { GateExplanation } from './explain-gate.ts'
import { assertNotClaimed } from './lease.ts'
import { composeUpgradeStep } from './upgrade-run.ts'

/** A reason why a run could not continue now, even with an approval. */
export interface Blocker {
  reason: ErrorCode | StopCode | RefusalReason
  message: string
  next: string | null
}

/** The machine of a run, and what keeps it from resuming the run. */
export interface MachineBlockers {
  /** Null when the machine is not available. */
  installed: InstalledMachine | null
  /** The run as the installed machine would resume it, which is after an upgrade where one is needed. */
  upgraded: Run
  blockers: Blocker[]
}

/** Finds the machine of a run, and what keeps it from resuming the run. Nothing is saved. */
export async function findMachineBlockers(deps: EngineDeps, run: Run): Promise<MachineBlockers> {
  let installed: InstalledMachine | null = null
  let upgraded = run
  const blockers = await blockersOf(async () => {
    installed = await deps.installed(run.machine, run)
    if (installed.machine.definitionDigest !== run.definitionDigest)
      upgraded = (await composeUpgradeStep(deps, installed, run, run.startedBy)).run
  })
  return { installed, upgraded, blockers }
}

/** Finds all other blockers of a run, in the order in which a resume would meet them. */
export async function findBlockers(
  deps: EngineDeps,
  run: Run,
  gate: GateExplanation | null,
  installed: InstalledMachine | null,
): Promise<Blocker[]> {
  const held = [
    ...(await blockersOf(() => assertNotOnHold(deps, run))),
    ...(await blockersOf(() => assertNotClaimed(deps, run))),
    ...(installed === null ? [] : await blockersOf(() => assertSuitableHost(deps, run))),
  ]
  if (run.mode !== 'live') return [...held, ...findTimeBlocker(deps, run)]
  return [
    ...held,
    ...(gate === null ? [] : findApproverBlocker(deps, run, gate)),
    ...(await blockersOf(async () => assertFilesSafe(deps, installed))),
    ...(await blockersOf(() =>
      gate === null ? assertSwitchBeforeWrite(deps) : assertLiveAtGate(deps, run),
    )),
    ...findTimeBlocker(deps, run),
  ]
}

function findApproverBlocker({ trust }: EngineDeps, run: Run, gate: GateExplanation): Blocker[] {
  const { people, policy } = gate
  if (people >= policy.need) return []
  if (people > 0) return [unmeetableRefusal(run, trust, { need: policy.need, people })]
  return [noApproverRefusal(run, trust, gate.signersReadable)]
}

function findTimeBlocker({ caps }: EngineDeps, { workedMs }: Run): Blocker[] {
  if (workedMs < caps.runMinutes * 60_000) return []
  return [
    {
      reason: 'STOP_CAP_RUN_TIME',
      message: `the run has worked for its ${caps.runMinutes} minutes (caps.runMinutes)`,
      next: 'raise caps.runMinutes in cutter.yaml',
    },
  ]
}

/** Makes a blocker of the error or the stop that a check throws. Other errors are thrown. */
async function blockersOf(check: () => Promise<unknown>): Promise<Blocker[]> {
  try {
    await check()
    return []
  } catch (error) {
    if (error instanceof Stop) {
      const { code, message, next = null } = error.facts
      return [{ reason: code, message, next }]
    }
    if (!(error instanceof CutterError)) throw error
    return [{ reason: error.code, message: error.message, next: error.next ?? null }]
  }
}
