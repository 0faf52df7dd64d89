import { posix } from 'node:path'
import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'

type Strategy = 'side-by-side' | 'release' | 'replace'

/** The part of a run's input that says where a deploy goes. `previous`: paths with commas between them. */
export const pathsInput = z.object({
  host: z.string(),
  path: z.string(),
  strategy: z.enum(['side-by-side', 'release', 'replace']),
  previous: z.string().optional(),
})

/** The arguments of `resolvePaths` from a run's input. */
export const readPathsInput = ({ path, strategy, previous }: z.infer<typeof pathsInput>) => ({
  path,
  strategy,
  previous: previous === undefined ? [] : previous.split(','),
})

/** The paths of a deploy on its host. Staging lies next to the target, so that one rename moves the complete tree. */
export interface DeployPaths {
  strategy: Strategy
  /** The folder that must exist already; everything the deploy makes goes into it. */
  parent: string
  target: string
  staging: string
  /** Names of the entries of the parent that the run makes itself. */
  ours: string[]
  /** Paths of trees that must stay as they are. */
  previous: string[]
  pointer: { path: string; to: string } | null
  /** The previous release to which the pointer leads. Only what its manifest lists must stay as it is, because its program may write besides. */
  live?: string
}

/** The link to the release in force. The run turns it from one release to another; both are relative to the link's folder. */
export interface ReleasePointer {
  path: string
  from: string
  to: string
  /** Whether this run makes the folder above the release. A rollback removes it then. */
  makesAbove: boolean
}

/**
 * The paths of a deploy. With `side-by-side` and `replace` the target is the path itself, and `replace` finds an earlier deploy there, which
 * must stay as it is in its backup. With `release` it is `<path>/releases/<stamp>-<commit>`, and
 * `<path>/current` points to it. The stamp is the commit's own time, so that the same commit has the same target.
 */
export function resolvePaths(
  given: { path: string; strategy: Strategy; previous: string[] },
  commit: { commit: string; committedAt: string } | null,
): DeployPaths {
  const { path, strategy, previous } = given
  if (strategy !== 'release') {
    const parent = posix.dirname(path)
    const staging = stagingIn(parent, path)
    return {
      strategy,
      parent,
      target: path,
      staging,
      ours: [posix.basename(path), posix.basename(staging)],
      ...(strategy === 'replace' ? { previous: [path, ...previous], live: path } : { previous }),
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

/** Where the version lies that a run has replaced in place. The scripts on the host make the same name. */
export const backupOf = ({ target }: Pick<DeployPaths, 'target'>, runId: string) =>
  `${target}-before-${runId}`

/** The paths once a run has replaced its target: the earlier version lies in its backup, which is one of the run's own entries. */
export function afterReplacing(place: DeployPaths, runId: string): DeployPaths {
  if (place.strategy !== 'replace') return place
  const backup = backupOf(place, runId)
  return {
    ...place,
    live: backup,
    previous: place.previous.map((path) => (path === place.target ? backup : path)),
    ours: [...place.ours, posix.basename(backup)],
  }
}

/** The staging folder is named by its target, so that a second deploy to the same path finds the first. */
const stagingIn = (parent: string, target: string) =>
  posix.join(parent, `.cutter-${sha256(target).slice(0, 16)}`)

/**
 * The absolute path in its normal form.
 * @throws INPUT_REFUSED when it is relative, lies directly below the root, or holds `..` or a control character.
 */
export function assertAbsolutePath(path: string, flag: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are refused
  const odd = /[\x00-\x1f\x7f]/.test(path) || path.split('/').includes('..')
  if (path.startsWith('/') && !odd && plain.split('/').length > 2) return plain
  throw new CutterError(
    'INPUT_REFUSED',
    `${flag} ${JSON.stringify(path)} is not a valid path: it must be absolute, and below a folder of the root; the host was not touched`,
    {
      next: `${flag} /srv/app-2`,
    },
  )
}
