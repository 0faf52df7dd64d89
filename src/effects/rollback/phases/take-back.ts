import { z } from 'zod'
import { writeEffect } from '../../../machine/define-effect.ts'
import { assertPlannedHost } from '../../deploy/promotion.ts'
import { withHost } from '../../deploy/with-host.ts'
import type { RollbackDeps } from '../deps.ts'
import { clearLostStaging, readClearing } from '../lost-staging/clear-lost-staging.ts'
import { readLostStagingPlan } from '../lost-staging/read-lost-staging-plan.ts'
import type { RollbackPlan } from '../plan.ts'
import { readRollbackPlan } from '../read-rollback-plan.ts'
import { readRemoval } from '../removal.ts'
import { removeDeploy } from '../remove-deploy.ts'

/** Takes the deploy back: pointer and program at once, then the tree. The closed deploy and its signed history stay as they are. */
export const takeBack = (deps: RollbackDeps) =>
  writeEffect({
    name: 'take_back',
    input: z.object({ planDigest: z.string() }),
    output: z.looseObject({ removed: z.number() }),
    async execute(context, { planDigest }) {
      const lost = await readLostStagingPlan(context, planDigest)
      if (lost !== null)
        return withHost(deps, context, lost.host.name, async (session) => {
          assertPlannedHost(session, lost)
          await clearLostStaging(session, lost)
          return { output: STAGING_REMOVED, evidence: [session.sent('take_back')] }
        })
      const plan = await readRollbackPlan(context, planDigest)
      return withHost(deps, context, plan.host.name, async (session) => {
        assertPlannedHost(session, plan)
        if ((await readRemoval(session, plan)) !== 'done') await removeDeploy(session, context, plan)
        return { output: describeRemoval(plan, plan.files), evidence: [session.sent('take_back')] }
      })
    },
    async simulate(context, { planDigest }) {
      if ((await readLostStagingPlan(context, planDigest)) !== null) return { output: STAGING_REMOVED }
      const plan = await readRollbackPlan(context, planDigest)
      return { output: describeRemoval(plan, 0) }
    },
    async probe(context, { planDigest }) {
      const lost = await readLostStagingPlan(context, planDigest)
      const plan = lost === null ? await readRollbackPlan(context, planDigest) : null
      const state = await withHost(deps, context, (lost ?? plan!).host.name, (session) =>
        lost === null ? readRemoval(session, plan!) : readClearing(session, lost),
      )
      if (state === 'busy')
        return { outcome: 'unknown', why: 'an earlier command of this run is still working on the host' }
      if (state !== 'done') return { outcome: 'not-committed' }
      return {
        outcome: 'committed',
        output: plan === null ? STAGING_REMOVED : describeRemoval(plan, plan.files),
      }
    },
  })

/** A staging folder holds no files of a release that is in force. */
const STAGING_REMOVED = { removed: 0, report: { removed: 0, ofFiles: 0 } }

const describeRemoval = ({ files, stays }: RollbackPlan, removed: number) => ({
  removed: stays ? 0 : removed,
  report: { removed: stays ? 0 : removed, ofFiles: files },
})
