import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'
import { assertReason } from '../../service/reason.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answerRun } from '../io.ts'
import { type CommonOptions, command, holdOf } from '../session.ts'
import { optional } from './resume.ts'

interface VoidOptions extends CommonOptions {
  as?: string
  key?: string
  approval?: string
  reason: string
  by?: string
}

/** Signs a statement that voids the run, or takes one that was signed elsewhere, and brings it to the gate at once. */
export function runVoid(text: string, options: VoidOptions) {
  return command(options, async ({ app, io, store, known }) => {
    const run = await known(text)
    const { engine, parts } = await app()
    const voids = run.status === 'closed' ? {} : { approvalId: await statementFor(parts, run, options) }
    const voided = await engine.resume(run.runId, { ...voids, ...optional('by', options.by) })
    answerRun(io, voided, await holdOf(store, voided))
    return exitOfRun(voided)
  })
}

async function statementFor(parts: EngineDeps, run: Run, options: VoidOptions): Promise<string> {
  const { as, key, approval: given, reason } = options
  if (run.status !== 'paused') {
    const why = `run ${run.runId} is ${run.status} at ${run.state}; voiding decides about a plan, and it waits at no gate with one`
    throw new CutterError('EVENT_REFUSED', why, { next: `cutter run cancel ${run.runId} --reason …` })
  }
  if (given !== undefined) return alsoVoids(parts, given)
  const { rehearseApproval, signApproval } = await import('../../engine/manage-approvals.ts')
  const decision = { decision: 'void' as const, reason: assertReason(reason) }
  if (run.mode !== 'live') {
    return (await rehearseApproval(parts, run.runId, { as: as ?? 'rehearsal', ...decision })).approvalId
  }
  if (as === undefined || key === undefined) {
    throw new CutterError(
      'USAGE',
      `run ${run.runId} is live: only a signed statement voids it; nothing was touched`,
      {
        next: `cutter run void ${run.runId} --reason … --as <principal> --key <file>, or --approval <id> for one that was signed elsewhere`,
      },
    )
  }
  return (await signApproval(parts, run.runId, { as, keyFile: key, ...decision })).approval.approvalId
}

/** Nobody who means to void a run may approve it by a mistyped id. */
async function alsoVoids({ store }: EngineDeps, approvalId: string): Promise<string> {
  const decision = (await store.approval(approvalId))?.statement.decision ?? 'void'
  if (decision === 'void') return approvalId
  throw new CutterError('USAGE', `approval ${approvalId} says ${decision}, not void; nothing was touched`, {
    next: `cutter run resume --approval ${approvalId}, if that is meant`,
  })
}
