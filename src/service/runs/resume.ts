import type { Home } from '../../app/open-home.ts'
import { areReportsCurrent } from '../../app/run-reports.ts'
import { isOfThisBuild } from '../../builtin/registry.ts'
import { CutterError, noSuchApprovalError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { loadForResume } from '../../engine/load-run.ts'
import { findRestingAnswer } from '../../engine/resume-precheck.ts'
import { assertRole } from '../access/assert-role.ts'
import { definedOnly } from '../defined.ts'
import { findRunId } from './find-run.ts'
import { answerOfRun, type RunAnswer } from './run-answer.ts'

export interface ResumeRunInput {
  /** Id, or a unique prefix or suffix of one. May be left out with `approval`, which names its run. */
  run?: string | undefined
  /** The approval that lets the run pass its gate. */
  approval?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Resumes a run: with an approval at a gate, or after a stop or a crash. A closed run is answered as it is.
 *
 * The record, the hold and the state of rest are checked here once, for every door. A run that is closed, or waits at a gate and is
 * given no approval, is answered without the engine, its machine and XState, if this build has the definition it was started with.
 * @throws RUN_NOT_FOUND, APPROVAL_NOT_FOUND, STORE_TAMPERED
 * @throws USAGE when neither a run nor an approval is given, or several runs match
 * @throws ACCESS_REFUSED, ON_HOLD, RUN_HELD, OPERATOR_REFUSED, MACHINE_CHANGED, FILES_UNSAFE
 * @throws APPROVAL_REQUIRED when the run waits at a gate and no approval is given, APPROVAL_REFUSED when it does not count
 */
export async function resumeRun(home: Home, given: ResumeRunInput): Promise<RunAnswer> {
  const { run: text, approval, by } = given
  assertRole(home, 'resume runs')
  const runId = text === undefined ? await findRunOfApproval(home, approval) : await findRunId(home, text)
  return answerOfRun(home, await resumeById(home, runId, { approval, by }))
}

async function resumeById(
  home: Home,
  runId: string,
  { approval, by }: Omit<ResumeRunInput, 'run'>,
): Promise<Run> {
  const { store, reports } = home
  // A process that died between a rest and its reports left them to the next one.
  const loaded = await loadForResume({ store, reports }, runId, async (run) => {
    if (run.status !== 'working' && !areReportsCurrent(home.folder, run))
      await (await home.app()).deps.reports?.atRest(runId, { isChecked: true })
  })
  const { run } = loaded
  const isCurrent = run.status === 'closed' || isOfThisBuild(run)
  const answered = isCurrent ? findRestingAnswer(run, approval) : null
  if (answered !== null) return answered
  const { engine } = await home.app()
  return engine.resume(loaded, definedOnly({ approvalId: approval, by }))
}

async function findRunOfApproval(home: Home, approvalId: string | undefined): Promise<string> {
  if (approvalId === undefined) {
    throw new CutterError('USAGE', 'which run? give its id, or the approval that names it', {
      next: 'cutter run resume <run>, or cutter run resume --approval <id>',
    })
  }
  const approval = await home.store.approval(approvalId)
  if (approval === null) throw noSuchApprovalError(approvalId)
  return findRunId(home, approval.statement.runId)
}
