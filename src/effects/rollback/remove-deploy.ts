import type { EffectContext } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { CommandFailed, type HostSession } from '../deploy/host-session.ts'
import { folderExists } from '../deploy/read-commands.ts'
import { switchBack, withdrawTarget } from '../deploy/switch-commands.ts'
import { listTree } from '../deploy/tree-listing.ts'
import * as write from '../deploy/write-commands.ts'
import { listRemovable } from './list-removable.ts'
import { type RollbackPlan, reversePointer } from './plan.ts'

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
  const { staging, target, ofRun, back, stays } = plan
  const place = { target, pointer: reversePointer(plan) }
  try {
    await session.text(write.stage(staging, ofRun, back !== null))
    await session.text(switchBack(staging, ofRun, place, back))
    if (!stays) await session.text(withdrawTarget(staging, ofRun, place))
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== write.EXIT.notOurs) throw error
    throw new Stop('STOP_DRIFT', `${staging} on the host belongs to another run; nothing was touched`, {
      next: 'wait for it, then: cutter run resume <run>',
    })
  }
  if (!stays) await removeWithdrawn(session, context, plan)
  await session.text(write.discard(staging, ofRun))
}

async function removeWithdrawn(
  session: HostSession,
  context: EffectContext,
  { staging, ofRun, removes, built, keep, target, files: count }: RollbackPlan,
): Promise<void> {
  const withdrawn = `${staging}/withdrawn`
  if ((await session.run(folderExists(withdrawn))).exitCode !== 0) return
  context.progress(`removes ${count} files`)
  const { files, folders } = listRemovable(removes, built, await listTree(session, withdrawn))
  await session.putText(formatPaths(files), `${staging}/files`, 0o600)
  await session.putText(formatPaths(folders), `${staging}/folders`, 0o600)
  const { exitCode, stderr } = await session.run(write.removeListed(staging, ofRun, keep))
  if (exitCode === 0) return
  throw new CutterError(
    'HOST_COMMAND_FAILED',
    `${target} was withdrawn, but is not removed (exit code ${exitCode}): ${stderr.toString('utf8').trim().slice(0, 300)}; the rest of it is in ${withdrawn}`,
    { next: 'correct that on the host, then: cutter run resume <run>' },
  )
}

const formatPaths = (paths: string[]) => paths.map((path) => `./${path}\0`).join('')
