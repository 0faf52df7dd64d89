import { posix } from 'node:path'
import type { DeployPaths } from './paths.ts'

/**
 * The folder to which what came besides moves: next to the releases, or next to the target. A deploy is rolled back once, so that a part of
 * its run's id makes the name unique.
 */
export const keepFolder = ({ strategy, parent, target }: DeployPaths, suffix: string): string =>
  strategy === 'release'
    ? posix.join(parent, 'withdrawn', `${posix.basename(target)}-${suffix}`)
    : `${target}-withdrawn-${suffix}`

/** The folder of what came besides is this run's own. */
export const withKeep = (place: DeployPaths, keep: string): DeployPaths => ({
  ...place,
  ours: [...place.ours, keep.slice(place.parent.length + 1).split('/')[0]!],
})
