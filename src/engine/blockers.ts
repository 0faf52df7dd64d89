import { CutterError, Stop } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { assertNotOnHold } from './check-hold.ts'
import { assertFilesSafe, assertSwitchBeforeWrite } from './check-live.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import type { GateExplanation } from './explain-gate.ts'
import { assertNotClaimed } from './lease.ts'
import { composeUpgradeStep } from './upgrade-run.ts'

/** Something that would keep a run from going on now, whatever is approved. */
export interface Blocker {
  reason: string
  message: string
  next: string | null
}

/**
 * The machine as installed, if it is; the run as that machine would take it up, which is after an upgrade where there is one; and
 * what keeps it from doing so. Nothing is saved.
 */
export async function findMachineBlockers(
  deps: EngineDeps,
  run: Run,
): Promise<{ installed: InstalledMachine | null; taken: Run; obstacles: Blocker[] }> {
  let installed: InstalledMachine | null = null
  let taken = run
  const obstacles = await said(async () => {
    installed = await deps.installed(run.machine)
    const { machine } = installed
    if (machine.definitionDigest !== run.definitionDigest)
      taken = (await composeUpgradeStep(deps, machine, run, run.startedBy)).run
  })
  return { installed, taken, obstacles }
}

/** In the order in which they would be met. */
export async function findBlockers(
  deps: EngineDeps,
  run: Run,
  gate: GateExplanation | null,
  installed: InstalledMachine | null,
): Promise<Blocker[]> {
  return [
    ...(await said(() => assertNotOnHold(deps, run))),
    ...(await said(() => assertNotClaimed(deps, run))),
    ...(gate !== null && run.mode === 'live' ? nobodyMay(deps, run, gate) : []),
    ...(run.mode === 'live' ? await said(async () => assertFilesSafe(deps, installed)) : []),
    ...(run.mode === 'live' ? await said(() => assertSwitchBeforeWrite(deps)) : []),
    ...outOfTime(deps, run),
  ]
}

function nobodyMay(
  { trust }: EngineDeps,
  run: Run,
  { approvers, signersReadable }: GateExplanation,
): Blocker[] {
  if (approvers.some(({ may }) => may)) return []
  return [
    {
      reason: 'SIGNER_NOT_ALLOWED',
      message: signersReadable
        ? `nobody may approve run ${run.runId} at ${run.machine}.${run.gate} as things are`
        : `there is no readable file of allowed signers at ${trust.allowedSigners}, so nobody's signature counts`,
      next: `have the owner of ${trust.allowedSigners} list an approver who does not operate the run`,
    },
  ]
}

function outOfTime({ caps }: EngineDeps, { workedMs }: Run): Blocker[] {
  if (workedMs < caps.runMinutes * 60_000) return []
  return [
    {
      reason: 'STOP_CAP_RUN_TIME',
      message: `the run has worked for its ${caps.runMinutes} minutes (caps.runMinutes)`,
      next: 'raise caps.runMinutes in cutter.yaml',
    },
  ]
}

/** What a check says no with; other errors are no answer and go on. */
async function said(check: () => Promise<unknown>): Promise<Blocker[]> {
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
