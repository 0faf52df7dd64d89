import { join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { findReportsFolder, writeRunReports } from '../../app/run-reports.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertRole } from '../access/assert-role.ts'
import { findRun } from './find-run.ts'

/** What `run report --json` prints. */
export interface ReportAnswer {
  runId: string
  /** Absolute path. */
  folder: string
  /** The history entry that the reports show. */
  seq: number
}

/**
 * Makes the reports of a run.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 * @throws RUN_HELD while the run works, because its reports would be old before they are read
 * @throws STORE_UNWRITABLE when they cannot be written
 */
export async function reportRun(home: Home, { run: text }: { run: string }): Promise<ReportAnswer> {
  assertRole(home, 'make reports')
  const { runId, seq, status } = await findRun(home, text)
  if (status === 'working')
    throw new CutterError('RUN_HELD', `run ${runId} works: reports show a run that rests`, {
      next: `cutter run history ${runId} shows what it did until now`,
      data: { runId },
    })
  const { config, store, deps } = await home.app()
  const { allowedSigners } = config.approvals
  await writeRunReports({ home: home.folder, store, policy: deps.policy, allowedSigners }, runId, {
    always: true,
  }).catch((cause: Error) => {
    throw new CutterError(
      'STORE_UNWRITABLE',
      `the reports of run ${runId} could not be written: ${cause.message}`,
      {
        next: 'check owner, mode and free space of var/runs',
        cause,
      },
    )
  })
  return { runId, folder: join(home.folder, findReportsFolder(home.folder, runId)!), seq }
}
