import { lstat, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { isTrustedOwner } from '../../domain/trusted-owner.ts'

/** A git repository on this machine, found without git, which would read the repository's config. */
export interface FoundRepository {
  /** The folder with HEAD and the index: `.git`, or that of one working tree of several. */
  gitFolder: string
  /** The folder with objects, refs and config. */
  commonFolder: string
  /** Null for a bare repository. */
  workTree: string | null
  /** The folder below the working tree: '' or, as git writes it, `a/b/`. */
  prefix: string
}

/**
 * Finds the repository of a folder as git does (gitrepository-layout(5)): the nearest folder upward with `.git`, which is a folder or a
 * file that names one, or that is a bare repository. Null when there is none.
 * @param folder real, absolute
 */
export async function findRepository(folder: string): Promise<FoundRepository | null> {
  for (let at = folder; ; at = dirname(at)) {
    const gitFolder = await findGitFolder(at)
    if (gitFolder !== null) {
      const below = relative(at, folder).split(sep).join('/')
      const prefix = below === '' ? '' : `${below}/`
      return { gitFolder, commonFolder: await findCommonFolder(gitFolder), workTree: at, prefix }
    }
    if (await isGitFolder(at)) return { gitFolder: at, commonFolder: at, workTree: null, prefix: '' }
    if (dirname(at) === at) return null
  }
}

/**
 * Finds what of a repository belongs to somebody else: the path and its owner. Null when there is nothing.
 * @param uid user id of the process
 */
export async function findForeignPart(
  { gitFolder, commonFolder, workTree }: FoundRepository,
  uid = process.geteuid?.(),
): Promise<{ path: string; owner: number } | null> {
  const tree = workTree === null ? [] : [workTree, join(workTree, '.git')]
  for (const path of [...tree, gitFolder, commonFolder]) {
    for (const { uid: owner } of [await lstat(path), await stat(path)])
      if (!isTrustedOwner(owner, uid, process.env)) return { path, owner }
  }
  return null
}

async function findGitFolder(workTree: string): Promise<string | null> {
  const path = join(workTree, '.git')
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return (await isGitFolder(path)) ? path : null
  if (found?.isFile() !== true) return null
  const named = /^gitdir: (.+?)\n?$/.exec(await readFile(path, 'utf8').catch(() => ''))?.[1]
  return named === undefined ? null : resolve(workTree, named)
}

/** A further working tree has a folder of its own, and a file that names the folder it shares. */
async function findCommonFolder(gitFolder: string): Promise<string> {
  const named = await readFile(join(gitFolder, 'commondir'), 'utf8').catch(() => null)
  return named === null ? gitFolder : resolve(gitFolder, named.trimEnd())
}

async function isGitFolder(folder: string): Promise<boolean> {
  const parts = ['HEAD', 'objects', 'refs'].map((name) => stat(join(folder, name)).catch(() => null))
  return (await Promise.all(parts)).every((part) => part !== null)
}
