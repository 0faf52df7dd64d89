import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Stop } from '../../domain/errors.ts'
import { runGit } from './run-git.ts'

/** A commit of a repository on this machine, as stage G1 pins it. */
export interface Source {
  /** Absolute path as given: a repository, or a folder inside of one. */
  path: string
  /** The folder of the commit that is the artifact's root; '' for the complete commit. */
  prefix: string
  commit: string
  /** Id of the tree of the artifact. */
  tree: string
  committedAt: string
  objectFormat: string
  /** Folder in which git keeps the objects. */
  objects: string
  shallow: boolean
  /** Number of uncommitted changes in the working tree. They are not in the artifact. */
  dirty: number
  /** Paths of submodules. A commit doesn't hold their content. */
  submodules: string[]
}

/**
 * Resolves a commit without changing anything.
 * @throws STOP_SOURCE_MISSING when the folder, the repository or the commit is missing, with the exact gap.
 */
export async function resolveSource(
  given: { source: string; commit: string },
  signal: AbortSignal,
): Promise<Source> {
  const path = resolve(given.source)
  const folder = await stat(path).catch(() => null)
  if (folder === null) throw sourceMissingError(`the source ${path} is missing`, 'put the repository there')
  if (!folder.isDirectory())
    throw sourceMissingError(
      `the source ${path} is not a folder`,
      'name a git repository, or a folder inside of one',
    )
  const cwd = await realpath(path)
  const ask = (args: string[]) => runGit(args, { cwd, signal }).catch(throwGitError)
  const [prefix, objects, shallow, bare] = await readRepository(ask, path)
  const commit = await resolveCommit(ask, given.commit, path)
  const [tree = '', committedAt = '', objectFormat = 'sha1'] = [
    await readLine(ask, ['rev-parse', '--verify', '--end-of-options', `${commit}:${prefix}`], () =>
      sourceMissingError(
        `the commit ${commit} has no folder ${prefix}`,
        'name a folder that the commit holds',
      ),
    ),
    await readLine(ask, ['show', '-s', '--format=%ct', commit]),
    await readLine(ask, ['rev-parse', '--show-object-format']),
  ]
  return {
    path,
    prefix,
    commit,
    tree,
    committedAt: new Date(Number(committedAt) * 1000).toISOString(),
    objectFormat,
    objects: resolve(cwd, objects),
    shallow: shallow === 'true',
    dirty: bare === 'true' ? 0 : await countUncommitted(ask),
    submodules: await listSubmodules(ask, tree),
  }
}

type Ask = (args: string[]) => ReturnType<typeof runGit>

async function readRepository(
  ask: Ask,
  path: string,
): Promise<[prefix: string, objects: string, shallow: string, bare: string]> {
  const { code, stdout, stderr } = await ask([
    'rev-parse',
    '--show-prefix',
    '--git-path',
    'objects',
    '--is-shallow-repository',
    '--is-bare-repository',
  ])
  const lines = stdout.toString().split('\n')
  // In a bare repository git prints no line for the prefix.
  if (code === 0)
    return (lines.length >= 5 ? lines : ['', ...lines]).slice(0, 4) as [string, string, string, string]
  if (stderr.includes('dubious ownership')) {
    throw sourceMissingError(
      `the repository ${path} belongs to another user, and git refuses it`,
      `git config --global --add safe.directory ${path}`,
    )
  }
  throw sourceMissingError(
    `the source ${path} is not a git repository: there is no commit to build from`,
    'name a git repository, or a folder inside of one',
  )
}

async function resolveCommit(ask: Ask, revision: string, path: string): Promise<string> {
  return readLine(ask, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], () =>
    sourceMissingError(
      `the commit ${revision} is not in ${path}`,
      `git -C ${path} fetch, or name another --commit`,
    ),
  )
}

async function readLine(ask: Ask, args: string[], otherwise?: () => Stop): Promise<string> {
  const { code, stdout, stderr } = await ask(args)
  if (code === 0) return stdout.toString().trim()
  if (otherwise !== undefined) throw otherwise()
  throw sourceMissingError(`git ${args[0]} failed: ${stderr.trim()}`, 'check the repository with git fsck')
}

async function countUncommitted(ask: Ask): Promise<number> {
  const { stdout } = await ask([
    'status',
    '--porcelain',
    '--untracked-files=normal',
    '--ignore-submodules',
    '--',
    '.',
  ])
  return stdout
    .toString()
    .split('\n')
    .filter((text) => text !== '').length
}

async function listSubmodules(ask: Ask, tree: string): Promise<string[]> {
  const { stdout } = await ask(['ls-tree', '-r', '-z', '--full-tree', tree])
  const lines = stdout.toString().split('\0')
  return lines.filter((text) => text.startsWith('160000 ')).map((text) => text.slice(text.indexOf('\t') + 1))
}

/** A stop for what is missing in the source. `next`: what to do before the run can be resumed. */
export function sourceMissingError(what: string, next: string): Stop {
  return new Stop('STOP_SOURCE_MISSING', `${what}; the host was not touched`, {
    next: `${next}, then cutter run resume <run>`,
  })
}

function throwGitError(cause: unknown): never {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
  throw sourceMissingError('git is not on the PATH', 'install git')
}
