import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import { md, nameSpan, page, points } from '../../../domain/markdown.ts'
import { compareAnchors } from '../../deploy/compare-anchors.ts'
import type { HostSession } from '../../deploy/host-session.ts'
import { type Anchors, surveyAnchors } from '../../deploy/host-survey.ts'
import { makeStaging } from '../../deploy/make-staging.ts'
import { discard } from '../../deploy/write-commands.ts'
import { keepWithdrawn } from './commands.ts'
import { readLostStaging } from './find-lost-staging.ts'
import type { LostStagingPlan } from './plan.ts'
import { placeOfLostStaging } from './read-lost-staging-plan.ts'

/** How far the removal of a staging folder has come. `done`: it is gone, or belongs to another run by now. */
export async function readClearing(
  session: HostSession,
  { staging, ofRun }: LostStagingPlan,
): Promise<'open' | 'done' | 'busy'> {
  const found = await readLostStaging(session, staging)
  if (found === 'busy') return 'busy'
  return found?.run === ofRun ? 'open' : 'done'
}

/** Takes the folder over, so that the commands of its own run do nothing any more, and removes it. Each step can be repeated. */
export async function clearLostStaging(session: HostSession, plan: LostStagingPlan): Promise<void> {
  const { staging, ofRun, keep } = plan
  if ((await readClearing(session, plan)) === 'done') return
  await makeStaging(session, staging, ofRun)
  if (keep !== null) await session.text(keepWithdrawn(staging, ofRun, keep))
  await session.text(discard(staging, ofRun))
}

/** The last check: the folder is gone, and everything next to it is as it was found. */
export async function closeLostStaging(
  session: HostSession,
  { runId, mode }: EffectContext,
  plan: LostStagingPlan,
  before: Anchors,
) {
  const { ofRun, host, staging, keep, holds, stays } = plan
  if (mode === 'live' && (await readClearing(session, plan)) !== 'done')
    throw new Stop('STOP_ROLLBACK_FAILED', `run ${ofRun} has a staging folder at ${staging} again`, {
      next: 'find out which home works there; when it is gone: cutter run resume <run>',
    })
  const after = await surveyAnchors(session, placeOfLostStaging(plan), [])
  const rules = { watch: [], tolerate: [], uid: host.uid }
  const { strict, warnings } = compareAnchors(before, after, rules)
  const standsAs = mode === 'live' ? `${staging} is gone; ${stays}` : `a dry run: ${staging} is as it was`
  const report = {
    standsAs,
    kept: mode === 'live' ? keep : null,
    asBefore: strict.length === 0,
    differences: strict.slice(0, 50),
    tolerated: warnings.slice(0, 50),
  }
  const text = page(
    md`# Rollback ${runId}: ${mode}`,
    '',
    md`${standsAs}. The folder was that of run ${ofRun}, on ${host.address} (${host.hostKey}).`,
    '',
    md`## ${mode === 'live' ? 'Removed' : 'Would be removed'}`,
    '',
    ...points(holds.map(nameSpan)),
    '',
    md`## Other changes on the host during the rollback`,
    '',
    ...points([...report.differences, ...report.tolerated]),
    '',
  )
  return {
    output: { report },
    evidence: [
      jsonEvidence('anchors/after', after),
      bytesEvidence('report/rollback', 'text/markdown', Buffer.from(text)),
      session.sent('closeout'),
    ],
  }
}
