import { posix } from 'node:path'
import type { Checks } from './checks-file.ts'
import type { DeployPaths, ReleasePointer } from './paths.ts'
import type { WayBack } from './switch-commands.ts'

/** How a release is started, and the way back. Null: nothing undoes it. */
export interface Activation {
  run: string[]
  timeoutSeconds: number
  back: WayBack | null
}

/**
 * The activation that the checks file asks for, or null. The way back runs in the folder that is in force afterwards: the inverse, or
 * else the activation of the earlier release. A version that is replaced starts again at the target.
 */
export function planActivation(
  { activate }: Pick<Checks, 'activate'>,
  { parent, strategy, target }: Pick<DeployPaths, 'parent' | 'strategy' | 'target'>,
  pointer: Pick<ReleasePointer, 'path' | 'from'> | null,
): Activation | null {
  if (activate === undefined) return null
  const { run, inverse, timeoutSeconds } = activate
  const released =
    pointer === null || pointer.from === '' ? null : posix.resolve(posix.dirname(pointer.path), pointer.from)
  const earlier = strategy === 'replace' ? target : released
  const back = inverse ?? (earlier === null ? null : run)
  return {
    run,
    timeoutSeconds,
    back: back === null ? null : { run: back, folder: earlier ?? parent, timeoutSeconds },
  }
}
