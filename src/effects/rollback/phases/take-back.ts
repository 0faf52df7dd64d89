import { z } from 'zod'
import { writeEffect } from '../../../machine/define-effect.ts'
import { assertPlannedHost } from '../../deploy/promotion.ts'
import { withHost } from '../../deploy/with-host.ts'
import type { RollbackDeps } from '../deps.ts'
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
      const plan = await readRollbackPlan(context, planDigest)
      return withHost(deps, context, plan.host.name, async (session) => {
        assertPlannedHost(session, plan)
        if ((await readRemoval(session, plan)) !== 'done') await removeDeploy(session, context, plan)
        return { output: describeRemoval(plan, plan.files), evidence: [session.sent('take_back')] }
      })
    },
    async simulate(context, { planDigest }) {
      const plan = await readRollbackPlan(context, planDigest)
      return { output: describeRemoval(plan, 0) }
    },
    async probe(context, { planDigest }) {
      const plan = await readRollbackPlan(context, planDigest)
      const state = await withHost(deps, context, plan.host.name, (session) => readRemoval(session, plan))
      if (state === 'busy')
        return { outcome: 'unknown', why: 'an earlier command of this run is still working on the host' }
      return state === 'done'
        ? { outcome: 'committed', output: describeRemoval(plan, plan.files) }
        : { outcome: 'not-committed' }
    },
  })

const describeRemoval = ({ files, stays }: RollbackPlan, removed: number) => ({
  removed: stays ? 0 : removed,
  report: { removed: stays ? 0 : removed, ofFiles: files },
})
