import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { CommandFailed, type HostSession } from '../deploy/host-session.ts'
import { makeStaging } from '../deploy/make-staging.ts'
import { removeOutside } from '../deploy/outside-folders.ts'
import { switchBack, withdrawTarget } from '../deploy/switch-commands.ts'
import { removeWithdrawn } from '../deploy/withdrawn.ts'
import * as write from '../deploy/write-commands.ts'
import { placeOfRollback, type RollbackPlan } from './plan.ts'

/**
 * Takes a deploy back in two steps. First pointer and program return, at once. Then the tree moves into staging in one rename, and what the
 * deploy made is removed there; everything else moves to the folder that the plan names. It uses the deploy's own staging folder, so that
 * another rollback continues from wherever one ended.
 * @throws STOP_DRIFT when another run uses that folder. @throws HOST_COMMAND_FAILED when something of the deploy remains.
 */
export async function removeDeploy(
  session: HostSession,
  context: EffectContext,
  plan: RollbackPlan,
): Promise<void> {
  const { staging, ofRun, back, stays } = plan
  const place = placeOfRollback(plan)
  try {
    await makeStaging(session, staging, ofRun, plan.target)
    await session.text(switchBack(staging, ofRun, place, back))
    if (!stays) await session.text(withdrawTarget(staging, ofRun, place))
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== write.EXIT.notOurs) throw error
    throw new Stop('STOP_DRIFT', `${staging} on the host belongs to another run; nothing was touched`, {
      next: 'wait for it, then: cutter run resume <run>',
    })
  }
  if (!stays) await removeWithdrawn(session, context, plan)
  if (plan.outside !== undefined) await session.text(removeOutside(staging, ofRun, plan.outside))
  await session.text(write.discard(staging, ofRun))
}
