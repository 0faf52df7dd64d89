import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertRole } from '../access/assert-role.ts'
import { findRunId } from '../runs/find-run.ts'
import { type HoldInput, recordHold } from './record-hold.ts'
import type { HoldAnswer } from './status.ts'

/**
 * Releases one run from the hold that is on. The hold still binds all other runs.
 * @throws RUN_NOT_FOUND, ACCESS_REFUSED, OPERATOR_REFUSED, USAGE when the reason is blank
 * @throws INPUT_REFUSED when the run is closed, no hold is on, or an option holds a secret
 */
export async function releaseRun(home: Home, given: HoldInput & { run: string }): Promise<HoldAnswer> {
  assertRole(home, 'release a run from the hold')
  const { run, ...input } = given
  const runId = await findRunId(home, run)
  const why = await whyNotNeeded(home, runId)
  if (why !== null) {
    throw new CutterError('INPUT_REFUSED', `${why}, so run ${runId} needs no release; nothing was changed`, {
      next: `cutter run show ${runId}`,
    })
  }
  return recordHold(home, input, { kind: 'release', runId })
}

async function whyNotNeeded({ store }: Home, runId: string): Promise<string | null> {
  if ((await store.run(runId))?.status === 'closed') return 'it is closed'
  return (await store.hold()) === null ? 'no hold is on' : null
}
