import { CutterError, Stop } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { refuseUnsafeFiles, switchBeforeWrite } from './execution.ts'
import type { AtGate } from './explain-gate.ts'
import { refuseOnHold } from './hold.ts'
import { refuseHeld } from './lease.ts'
import type { EngineParts, InstalledMachine } from './parts.ts'
import { upgradeStep } from './upgrade.ts'

/** Something that would keep a run from going on now, whatever is approved. */
export interface Obstacle {
  reason: string
  message: string
  next: string | null
}

/**
 * The machine as installed, if it is; the run as that machine would take it up, which is after an upgrade where there is one; and
 * what keeps it from doing so. Nothing is saved.
 */
export async function machineFor(
  parts: EngineParts,
  run: Run,
): Promise<{ installed: InstalledMachine | null; taken: Run; obstacles: Obstacle[] }> {
  let installed: InstalledMachine | null = null
  let taken = run
  const obstacles = await said(async () => {
    installed = await parts.installed(run.machine)
    const { machine } = installed
    if (machine.definitionDigest !== run.definitionDigest)
      taken = (await upgradeStep(parts, machine, run, run.startedBy)).run
  })
  return { installed, taken, obstacles }
}

/** In the order in which they would be met. */
export async function obstaclesOf(
  parts: EngineParts,
  run: Run,
  gate: AtGate | null,
  installed: InstalledMachine | null,
): Promise<Obstacle[]> {
  return [
    ...(await said(() => refuseOnHold(parts, run))),
    ...(await said(() => refuseHeld(parts, run))),
    ...(gate !== null && run.mode === 'live' ? nobodyMay(parts, run, gate) : []),
    ...(run.mode === 'live' ? await said(async () => refuseUnsafeFiles(parts, installed)) : []),
    ...(run.mode === 'live' ? await said(() => switchBeforeWrite(parts)) : []),
    ...outOfTime(parts, run),
  ]
}

function nobodyMay({ trust }: EngineParts, run: Run, { approvers, signersReadable }: AtGate): Obstacle[] {
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

function outOfTime({ caps }: EngineParts, { workedMs }: Run): Obstacle[] {
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
async function said(check: () => Promise<unknown>): Promise<Obstacle[]> {
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
