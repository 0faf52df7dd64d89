import type { Home } from '../../app/open-home.ts'
import { areReportsCurrent } from '../../app/run-reports.ts'
import { isOfThisBuild } from '../../builtin/registry.ts'
import { CutterError, noSuchApprovalError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import { loadForResume } from '../../engine/load-run.ts'
import { findRestingAnswer } from '../../engine/resume-precheck.ts'
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

export async function resumeRun(home: Home, given: ResumeRunInput): Promise<RunAnswer> {
  const { run: text, approval, by } = given
  const runId = text === undefined ? await findRunOfApproval(home, approval) : await findRunId(home, text)
  return answerOfRun(home, await resumeById(home, runId, { approval, by }))
}

async function resumeById(
  home: Home,
  runId: string,
  { approval, by }: Omit<ResumeRunInput, 'run'>,
): Promise<Run> {
  const { store, reports } = home
  const loaded = await loadForResume({ store, reports }, runId, async (run) => {
    if (run.status !== 'working' && !areReportsCurrent(home.folder, run))
      await (await home.app()).parts.reports?.atRest(runId)
  })
  const { run } = loaded
  const isCurrent = run.status === 'closed' || isOfThisBuild(run)
  const answered = isCurrent ? findRestingAnswer(run, approval) : null
  if (answered !== null) return answered
  const { engine } = await home.app()
  return engine.resume(loaded, definedOnly({ approvalId: approval, by }))
}

async function findRunOfApproval({ store }: Home, approvalId: string | undefined): Promise<string> {
  if (approvalId === undefined) {
    throw new CutterError('USAGE', 'which run? give its id, or the approval that names it', {
      next: 'cutter run resume <run>, or cutter run resume --approval <id>',
    })
  }
  const approval = await store.approval(approvalId)
  if (approval !== null) return approval.statement.runId
  throw noSuchApprovalError(approvalId)
}
