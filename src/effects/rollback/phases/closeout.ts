import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { compareAnchors } from '../../deploy/compare-anchors.ts'
import { type Anchors, surveyAnchors } from '../../deploy/host-survey.ts'
import { withKeep } from '../../deploy/keep-folder.ts'
import { findMadeOutside } from '../../deploy/outside-folders.ts'
import { afterReplacing } from '../../deploy/paths.ts'
import { watchRulesOf } from '../../deploy/plan.ts'
import { folderExists } from '../../deploy/read-commands.ts'
import { readDeployPlan } from '../../deploy/read-deploy-plan.ts'
import { readHost } from '../../deploy/with-host.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { RollbackDeps } from '../deps.ts'
import { closeLostStaging } from '../lost-staging/clear-lost-staging.ts'
import { readLostStagingPlan } from '../lost-staging/read-lost-staging-plan.ts'
import { type RollbackPlan, withBackup } from '../plan.ts'
import { readRollbackPlan } from '../read-rollback-plan.ts'
import { type Removal, readRemoval } from '../removal.ts'
import { describeEnd, formatRollbackReport } from '../rollback-report.ts'

/** The last check: nothing of the deploy is left on the host, and everything else is as it was found. */
export const closeout = (deps: RollbackDeps) =>
  readEffect({
    name: 'closeout',
    input: z.object({ planDigest: z.string(), surveyDigest: z.string() }),
    output: z.looseObject({ report: z.looseObject({}) }),
    async execute(context, { planDigest, surveyDigest }) {
      const before = await readJsonEvidence<Anchors>(context, surveyDigest)
      const lost = await readLostStagingPlan(context, planDigest)
      if (lost !== null)
        return readHost(deps, context, lost.host.name, (session) =>
          closeLostStaging(session, context, lost, before),
        )
      const plan = await readRollbackPlan(context, planDigest)
      const deploy = await readDeployPlan(context, plan.ofPlan)
      const { place, checks } = deploy
      return readHost(deps, context, plan.host.name, async (session) => {
        assertRemoved(context, plan, await readRemoval(session, plan))
        // A dry run moved nothing, so that the earlier version is still in its backup.
        const now =
          context.mode === 'live' || plan.restores === undefined ? place : afterReplacing(place, plan.ofRun)
        const after = await surveyAnchors(session, withKeep(withBackup(now, plan), plan.keep), checks.mutable)
        const { strict, warnings, tolerated } = compareAnchors(before, after, watchRulesOf(deploy))
        const kept = (await session.run(folderExists(plan.keep))).exitCode === 0 ? plan.keep : null
        const outside = context.mode === 'live' ? await findMadeOutside(session, plan.outside) : []
        const report = {
          standsAs: describeEnd(context.mode, plan),
          kept,
          ...(outside.length === 0 ? {} : { staysOutside: outside }),
          asBefore: strict.length === 0,
          differences: strict.slice(0, 50),
          tolerated: [...warnings, ...tolerated].slice(0, 50),
        }
        const text = formatRollbackReport(context, plan, before, report)
        return {
          output: { report },
          evidence: [
            jsonEvidence('anchors/after', after),
            bytesEvidence('report/rollback', 'text/markdown', Buffer.from(text)),
            session.sent('closeout'),
          ],
        }
      })
    },
  })

function assertRemoved(
  { mode }: EffectContext,
  { target, staging, ofRun }: RollbackPlan,
  state: Removal,
): void {
  if (mode !== 'live' || state === 'done') return
  throw new Stop(
    'STOP_ROLLBACK_FAILED',
    `something of run ${ofRun} is on the host again, at ${target} or ${staging}`,
    { next: 'find out who put it there; when it is gone: cutter run resume <run>' },
  )
}
