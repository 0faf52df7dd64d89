import type { EffectContext } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { HostSession } from './host-session.ts'
import { listRemovable, type RemovedPath } from './list-removable.ts'
import { folderExists } from './read-commands.ts'
import { listTree } from './tree-listing.ts'
import { removeListed, stagedFile } from './write-commands.ts'

/** A tree that a rollback has moved into staging. */
export interface WithdrawnTree {
  staging: string
  ofRun: string
  target: string
  /** Number of files of the artifact, for the display of progress. */
  files: number
  /** What the deploy made: the paths of its manifest, and what its build made. */
  removes: RemovedPath[]
  built: string[]
  /** The folder to which everything else in the tree moves. */
  keep: string
}

/**
 * Removes of a withdrawn tree what the deploy made, and moves everything else to the folder that the plan names. It can be repeated.
 * @throws HOST_COMMAND_FAILED when something of the deploy remains.
 */
export async function removeWithdrawn(
  session: HostSession,
  context: Pick<EffectContext, 'progress'>,
  { staging, ofRun, removes, built, keep, target, files: count }: WithdrawnTree,
): Promise<void> {
  const withdrawn = `${staging}/withdrawn`
  if ((await session.run(folderExists(withdrawn))).exitCode !== 0) return
  context.progress(`removes ${count} files`)
  const { files, folders } = listRemovable(removes, built, await listTree(session, withdrawn))
  await session.putText(formatPaths(files), stagedFile(staging, ofRun, 'files'), 0o600)
  await session.putText(formatPaths(folders), stagedFile(staging, ofRun, 'folders'), 0o600)
  const { exitCode, stderr } = await session.run(removeListed(staging, ofRun, keep))
  if (exitCode === 0) return
  throw new CutterError(
    'HOST_COMMAND_FAILED',
    `${target} was withdrawn, but is not removed (exit code ${exitCode}): ${stderr.toString('utf8').trim().slice(0, 300)}; the rest of it is in ${withdrawn}`,
    { next: 'correct that on the host, then: cutter run resume <run>' },
  )
}

const formatPaths = (paths: string[]) => paths.map((path) => `./${path}\0`).join('')
