import { realpath, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Stop } from '../../domain/errors.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import type { Tools } from '../../tools/open-tools.ts'
import {
  makeRepository,
  pickStorageSettings,
  type StorageSettings,
  viewRepository,
} from './borrow-repository.ts'
import { type FoundRepository, findForeignPart, findRepository } from './find-repository.ts'
import { runGit } from './run-git.ts'
import { sourceMissingError } from './source-missing-error.ts'
import { createTempFolder } from './temp-folder.ts'

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
  /** The id of the commit of each submodule. Sources of earlier versions have none. */
  submoduleIds?: { [path: string]: string }
}

/** Resolves a commit, asking git in a repository that borrows from the source. */
interface Question {
  ask(args: string[], env?: NodeJS.ProcessEnv): ReturnType<typeof runGit>
  found: FoundRepository
  /** The source's path as given, for messages. */
  path: string
}

/**
 * Resolves a commit without changing anything, and without running a program that the source's config or attributes name.
 * @throws STOP_SOURCE_MISSING when git, the folder, the repository or the commit is missing, with the exact gap.
 */
export async function resolveSource(
  given: { source: string; commit: string },
  tools: Tools,
  signal: AbortSignal,
): Promise<Source> {
  const path = resolve(given.source)
  const cwd = await existingFolder(path)
  const found = await findRepository(cwd)
  if (found === null) {
    throw sourceMissingError(
      `the source ${path} is not a git repository: there is no commit to build from`,
      'name a git repository, or a folder inside of one',
    )
  }
  if (found.prefix !== '') await assertOwn(found, path)
  const folder = await createTempFolder()
  try {
    const repository = join(folder, 'view.git')
    const objects = join(found.commonFolder, 'objects')
    const storage = await readStorageSettings(found, { tools, folder, signal })
    await viewRepository(repository, found, storage)
    const borrowing = { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(objects) }
    const ask = (args: string[], env: NodeJS.ProcessEnv = {}) =>
      runGit(args, { tools, repository, cwd, signal, env: { ...borrowing, ...env } })
    const { objectFormat } = storage
    return { path, objectFormat, objects, ...(await describeCommit({ ask, found, path }, given.commit)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A repository above the named folder was found, not named. Whoever can write a folder above could have put it there. */
async function assertOwn(found: FoundRepository, path: string): Promise<void> {
  const foreign = await findForeignPart(found)
  if (foreign === null) return
  const top = found.workTree ?? found.gitFolder
  throw sourceMissingError(
    `the source ${path} lies in the repository ${top}, of which ${foreign.path} belongs to user id ${foreign.owner}, who is neither root nor the user that runs Cutter`,
    `if you trust it: git clone ${shellQuote(top)}, and start another run with the folder of the clone`,
  )
}

async function existingFolder(path: string): Promise<string> {
  const folder = await stat(path).catch(() => null)
  if (folder === null) throw sourceMissingError(`the source ${path} is missing`, 'put the repository there')
  if (!folder.isDirectory())
    throw sourceMissingError(
      `the source ${path} is not a folder`,
      'name a git repository, or a folder inside of one',
    )
  return realpath(path)
}

/** Reads the repository's config as a text file, from an empty repository, so that nothing in it has an effect. Includes are not read. */
async function readStorageSettings(
  { commonFolder }: FoundRepository,
  { tools, folder, signal }: { tools: Tools; folder: string; signal: AbortSignal },
): Promise<StorageSettings> {
  const repository = join(folder, 'empty.git')
  await makeRepository(repository, { objectFormat: 'sha1' })
  const args = ['config', '--file', join(commonFolder, 'config'), '--no-includes', '--list']
  const { stdout } = await runGit(args, { tools, repository, cwd: folder, signal })
  return pickStorageSettings(stdout.toString().split('\n'))
}

type Described = Omit<Source, 'path' | 'objectFormat' | 'objects'>

async function describeCommit(question: Question, revision: string): Promise<Described> {
  const { prefix, workTree } = question.found
  const commit = await resolveCommit(question, revision)
  const tree = await readLine(
    question,
    ['rev-parse', '--verify', '--end-of-options', `${commit}:${prefix}`],
    () =>
      sourceMissingError(
        `the commit ${commit} has no folder ${prefix}`,
        'name a folder that the commit holds',
      ),
  )
  const [submoduleIds, committedAt, isShallow, dirty] = await Promise.all([
    listSubmodules(question, tree),
    readLine(question, ['show', '-s', '--format=%ct', commit]),
    readLine(question, ['rev-parse', '--is-shallow-repository']),
    workTree === null ? 0 : countUncommitted(question, workTree),
  ])
  return {
    prefix,
    commit,
    tree,
    committedAt: new Date(Number(committedAt) * 1000).toISOString(),
    shallow: isShallow === 'true',
    dirty,
    submodules: Object.keys(submoduleIds),
    ...(Object.keys(submoduleIds).length === 0 ? {} : { submoduleIds }),
  }
}

async function resolveCommit(question: Question, revision: string): Promise<string> {
  const asked = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
  return readLine(question, asked, () =>
    sourceMissingError(
      `the commit ${revision} is not in ${question.path}`,
      `git -C ${question.path} fetch, or name another --commit`,
    ),
  )
}

async function readLine({ ask }: Question, args: string[], otherwise?: () => Stop): Promise<string> {
  const { code, stdout, stderr } = await ask(args)
  if (code === 0) return stdout.toString().trim()
  if (otherwise !== undefined) throw otherwise()
  throw sourceMissingError(`git ${args[0]} failed: ${stderr.trim()}`, 'check the repository with git fsck')
}

/** Counts changed and unknown files as they are on disk: no filter runs, because the repository that git works in defines none. */
async function countUncommitted({ ask }: Question, workTree: string): Promise<number> {
  const args = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules', '--', '.']
  const { stdout } = await ask(args, { GIT_WORK_TREE: workTree })
  return stdout
    .toString()
    .split('\n')
    .filter((text) => text !== '').length
}

/** The submodules of a tree, with the ids of their commits. */
async function listSubmodules({ ask }: Question, tree: string): Promise<{ [path: string]: string }> {
  const { stdout } = await ask(['ls-tree', '-r', '-z', '--full-tree', tree])
  const lines = stdout
    .toString()
    .split('\0')
    .filter((text) => text.startsWith('160000 '))
  return Object.fromEntries(
    lines.map((text) => [text.slice(text.indexOf('\t') + 1), text.split(/[ \t]/)[2]!]),
  )
}
