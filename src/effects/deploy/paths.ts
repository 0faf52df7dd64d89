import { posix } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'

export type Strategy = 'side-by-side' | 'release'

/** Where a deploy puts things. Staging lies beside the target, so that one rename moves a whole tree. */
export interface DeployPaths {
  strategy: Strategy
  /** The folder that must be there already and takes all that is made. */
  parent: string
  target: string
  staging: string
  /** Entries of the parent that the run makes itself. */
  ours: string[]
  /** Trees that must stay as they are. */
  previous: string[]
  pointer: { path: string; to: string } | null
}

/** Of a release: what leads to the one in force, and from which to which the run turns it. */
export interface ReleasePointer {
  path: string
  from: string
  to: string
  /** Whether this run makes the folder above the release, and a rollback removes it. */
  makesAbove: boolean
}

/**
 * Side by side: the target is the path itself. Release: \`<path>/releases/<stamp>-<commit>\`, the stamp being the commit's own time, so that
 * the same commit has the same place; \`<path>/current\` points to it.
 */
export function resolvePaths(
  given: { path: string; strategy: Strategy; previous: string[] },
  commit: { commit: string; committedAt: string } | null,
): DeployPaths {
  const { path, strategy, previous } = given
  if (strategy === 'side-by-side') {
    const parent = posix.dirname(path)
    const staging = stagingIn(parent, path)
    return {
      strategy,
      parent,
      target: path,
      staging,
      ours: [posix.basename(path), posix.basename(staging)],
      previous,
      pointer: null,
    }
  }
  const name =
    commit === null
      ? 'unknown'
      : `${commit.committedAt.replace(/[-:]|\.\d+/g, '')}-${commit.commit.slice(0, 12)}`
  const target = posix.join(path, 'releases', name)
  const staging = stagingIn(path, target)
  const pointer = { path: posix.join(path, 'current'), to: `releases/${name}` }
  return {
    strategy,
    parent: path,
    target,
    staging,
    ours: ['releases', 'current', posix.basename(staging)],
    previous,
    pointer,
  }
}

/** Named by its target: two deploys to one path meet there, and the second finds the first. */
const stagingIn = (parent: string, target: string) =>
  posix.join(parent, `.cutter-${sha256(target).slice(0, 16)}`)

/** An absolute path in its plain form, or INPUT_REFUSED. */
export function assertAbsolutePath(path: string, flag: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
  const odd = /[\x00-\x1f\x7f]/.test(path) || path.split('/').includes('..')
  if (path.startsWith('/') && !odd && plain.split('/').length > 2) return plain
  throw new CutterError(
    'INPUT_REFUSED',
    `${flag} ${JSON.stringify(path)} can't be used: it must be an absolute path, below a folder of the root; the host was not touched`,
    {
      next: `${flag} /srv/app-2`,
    },
  )
}
