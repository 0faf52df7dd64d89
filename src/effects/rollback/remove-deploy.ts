import type { EffectContext } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { CommandFailed, type HostSession } from '../deploy/host-session.ts'
import { restoreWithdrawn, switchBack, withdrawTarget } from '../deploy/switch-commands.ts'
import { listTree } from '../deploy/tree-listing.ts'
import * as write from '../deploy/write-commands.ts'
import { compareRemovals } from './compare-removals.ts'
import { type RemovedPath, type RollbackPlan, reversePointer } from './plan.ts'

/**
 * Withdraws the pointer and then the tree, which moves into staging in one rename. There it is compared once more, and then removed path
 * by path as the plan lists it. It uses the deploy's own staging folder, so that another rollback continues from wherever one ended.
 * @throws STOP_DRIFT when the tree differs; it is in its place again then. @throws HOST_COMMAND_FAILED when something of it remains.
 */
export async function removeDeploy(
  session: HostSession,
  context: EffectContext,
  plan: RollbackPlan,
): Promise<void> {
  // A plan of an earlier version names no way back.
  const { staging, target, ofRun, removes, back = null } = plan
  try {
    const place = { target, pointer: reversePointer(plan) }
    await session.text(write.stage(staging, ofRun, back !== null))
    await session.text(switchBack(staging, ofRun, place, back))
    await session.text(withdrawTarget(staging, ofRun, place))
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== write.EXIT.notOurs) throw error
    throw new Stop('STOP_DRIFT', `${staging} on the host belongs to another run; nothing was touched`, {
      next: 'wait for it, then: cutter run resume <run>',
    })
  }
  await assertWithdrawnAsPlanned(session, plan)
  context.progress(`removes ${plan.files} files`)
  const files = removes.filter(({ type }) => type !== 'directory')
  const folders = removes.filter(({ type }) => type === 'directory')
  const deepestFirst = folders.sort((a, b) => countParts(b.path) - countParts(a.path))
  await session.putText(formatPaths(files), `${staging}/files`, 0o600)
  await session.putText(formatPaths(deepestFirst), `${staging}/folders`, 0o600)
  const { exitCode } = await session.run(write.removeListed(staging, ofRun))
  if (exitCode === write.EXIT.remains)
    throw notRemovedError(plan, 'something was added to it, or can’t be removed')
  if (exitCode !== 0)
    throw new Error(`the withdrawn tree in ${staging} can't be removed (exit code ${exitCode})`)
  await session.text(write.discard(staging, ofRun))
}

const formatPaths = (paths: RemovedPath[]) => paths.map(({ path }) => `./${path}\0`).join('')
const countParts = (path: string) => path.split('/').length

/** The decisive comparison, because nobody else changes the tree in staging. A tree that differs moves to its place again. */
async function assertWithdrawnAsPlanned(session: HostSession, plan: RollbackPlan): Promise<void> {
  const { staging, target, ofRun, removes } = plan
  const withdrawn = `${staging}/withdrawn`
  if ((await session.host.stat(withdrawn)) === null) return
  const { faults, caches } = compareRemovals(removes, await listTree(session, withdrawn))
  const differences = [...faults, ...caches.map(({ path }) => `${path} was added`)]
  if (differences.length === 0) return
  const what = differences.slice(0, 5).join('; ')
  const { exitCode } = await session.run(
    restoreWithdrawn(staging, ofRun, { target, pointer: reversePointer(plan) }),
  )
  if (exitCode !== 0) throw notRemovedError(plan, what)
  await session.text(write.discard(staging, ofRun))
  throw new Stop(
    'STOP_DRIFT',
    `${target} changed since the last check: ${what}; it was restored and nothing was removed`,
    {
      next: 'correct that, then: cutter run resume <run>; or cancel it and start another',
      data: { differences: differences.slice(0, 100) },
    },
  )
}

const notRemovedError = ({ target, staging }: RollbackPlan, what: string) =>
  new CutterError(
    'HOST_COMMAND_FAILED',
    `${target} was withdrawn, but is not removed: ${what}; the rest of it is in ${staging}/withdrawn`,
    { next: `move files to keep out of that folder, then: cutter run resume <run>` },
  )
