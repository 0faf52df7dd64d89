import type { LiveObstacle } from '../engine/engine-deps.ts'
import type { ConfigFile } from './config-file.ts'

/**
 * Makes what answers whether `execution.allowLive` of a home's cutter.yaml is true now. A file that can't be used allows nothing.
 */
export const livePermission = (file: ConfigFile) => (): Promise<boolean> =>
  file.read().then(
    ({ execution }) => execution.allowLive,
    () => false,
  )

/** Makes what finds why no live run may work with the shared store of a home now, by its rules as they are then. */
export const liveObstacle =
  (home: string, file: ConfigFile, env: NodeJS.ProcessEnv) => async (): Promise<LiveObstacle | null> => {
    const { findLiveObstacle } = await import('./live-conditions.ts')
    return findLiveObstacle(home, await file.read(), env)
  }
