import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { DeployDeps } from '../deploy/deps.ts'

/** What a rollback reaches for: hosts, and the runs whose work it takes back. */
export interface RollbackDeps extends Pick<DeployDeps, 'host'> {
  /** A run of this home, its record found to hold. Throws RUN_NOT_FOUND, STORE_TAMPERED. */
  run(runId: string): Promise<Run>
}

/** The run and its plan, by digest, or INPUT_REFUSED where there is nothing that a rollback could take back. */
export function assertRollbackable(run: Run): { runId: string; planDigest: string } {
  const { runId, machine, mode, status, outcome, planDigest } = run
  const refused = (why: string, next: string) =>
    new CutterError('INPUT_REFUSED', `run ${runId} can't be rolled back: ${why}; nothing was touched`, {
      next,
      data: { runId },
    })
  if (machine !== 'deploy') throw refused(...(OTHERS[machine] ?? OTHERS.own!))
  if (status !== 'closed') {
    throw refused(
      'it is not closed, and takes back itself what it made',
      `cutter run cancel ${runId} --reason …`,
    )
  }
  if (mode !== 'live') throw refused('it was a dry run, which made nothing', `cutter run show ${runId}`)
  if (outcome !== 'succeeded' || planDigest === null)
    throw refused(`it ended as ${outcome}, so nothing of it is left`, `cutter run show ${runId}`)
  return { runId, planDigest }
}

const OTHERS: { [machine: string]: [why: string, next: string] } = {
  cut: [
    'what is in force is never deleted, only replaced by another cut',
    'put the earlier text back and cut it: cutter run start cut …',
  ],
  migrate: [
    'a migration is rolled back in its own run, at gate SG2, when its verification fails; this one is done',
    'write another migration: cutter migrate new …',
  ],
  own: ['only a deploy can', 'start a run that does the opposite'],
}
