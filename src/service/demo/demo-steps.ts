import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { rehearseApproval, signApproval } from '../../engine/manage-approvals.ts'
import type { DemoStage } from './demo-stage.ts'

export const OPERATOR = 'operator@demo'
export const APPROVER = 'approver@demo'

/** What the machine `cut` reports of a run. */
interface CutReport {
  units: number
  sourceVersionId: string
  sourceSha256: string
  records: { [kind: string]: number }
  counts: { before: Counts; after: Counts }
  plan: { create: number; keep: number; governanceRows: number }
}
type Counts = { whole: { [table: string]: number | null } }

/** The output of a `cut` run, with the fields that the story quotes. It is not checked, because the demo runs the machine that ships. */
export const reportOf = (run: Run) => run.output as unknown as CutReport

/** The rows of the target that the story shows. */
export const describeCounts = ({ whole }: Counts) =>
  ['information_unit', 'unit_version', 'iu_lifecycle_log']
    .map((table) => `${table} ${whole[table]}`)
    .join(', ')

/** Starts a cut, by default of the charter, which must reach its first gate. */
export async function startCut(
  { app, charter }: DemoStage,
  mode: 'dry-run' | 'live',
  input: { document: string; source: string } = { document: 'CHARTER', source: charter },
): Promise<Run> {
  const run = await app.engine.start('cut', input, { mode, by: OPERATOR })
  if (run.status === 'paused') return run
  throw unexpected(`the run ${run.runId} should wait at a gate, but: ${run.stop?.message ?? run.status}`)
}

/** Passes a gate of a dry run with a rehearsal approval. */
export async function passRehearsed(stage: DemoStage, run: Run): Promise<Run> {
  const { approvalId } = await rehearseApproval(stage.app.deps, run.runId, {
    as: 'rehearsal',
    decision: 'approve',
    reason: 'demo',
  })
  const resume = `cutter run resume --approval ${approvalId.slice(0, 11)}…`
  stage.say(`$ cutter approval rehearse ${run.runId.slice(-8)} && ${resume}`)
  return resumeApproved(stage, run, approvalId)
}

/** Passes a gate of a live run with a signed approval. */
export async function passSigned(stage: DemoStage, run: Run, keyFile: string): Promise<Run> {
  const { approval } = await signApproval(stage.app.deps, run.runId, {
    as: APPROVER,
    decision: 'approve',
    reason: 'read the plan',
    keyFile,
  })
  stage.say(`$ cutter approval sign ${run.runId.slice(-8)} --as ${APPROVER} --key approver_key`)
  stage.say(`$ cutter run resume --approval ${approval.approvalId.slice(0, 11)}…`)
  return resumeApproved(stage, run, approval.approvalId)
}

async function resumeApproved({ app }: DemoStage, { runId }: Run, approvalId: string): Promise<Run> {
  const run = await app.engine.resume(runId, { approvalId, by: OPERATOR })
  if (run.status === 'paused' || run.outcome === 'succeeded') return run
  throw unexpected(`the run ${runId} should have continued, but: ${run.stop?.message ?? run.status}`)
}

/** Tells where a run waits, and for which plan, in one line of the story. */
export function sayPause({ say }: DemoStage, run: Run): void {
  say(
    `  It waits: ${run.state} (${run.stopCode}), at gate ${run.gate}, for an approval of plan ${run.planDigest!.slice(0, 15)}…`,
  )
}

/** Ends the demo where its story would not be true. */
export function assertSame(isSame: boolean, what: string): void {
  if (!isSame) throw unexpected(`${what} should have stayed the same`)
}

const unexpected = (message: string) => new CutterError('INTERNAL', `the demo failed: ${message}`)
