import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Tools } from '../../tools/open-tools.ts'
import { type Allowance, applyAllowances } from './allowances.ts'
import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'
import { makeRepository } from './borrow-repository.ts'
import type { Source } from './resolve-source.ts'
import { type GitOptions, runGit } from './run-git.ts'
import { scanArtifact } from './scan-artifact.ts'
import { sourceMissingError } from './source-missing-error.ts'
import { createTempFolder } from './temp-folder.ts'

/** The artifact that goes to the host: an uncompressed tar of one commit. Everybody who builds it gets the same bytes. */
export interface Artifact {
  /** Path of the tar in a private folder, which `dispose` removes. Null when only its content was asked for. */
  file: string | null
  sha256: string
  bytes: number
  entries: ArtifactEntry[]
  findings: ArtifactFinding[]
  dispose(): Promise<void>
}

/**
 * Overrides the attributes of tree, clone and user: no conversion of line ends, no `$Format:…$`, `$Id$` or filter, because these depend on
 * the clone. `export-ignore` in the tree counts, because it is part of the commit and says what an archive leaves out.
 */
const ATTRIBUTES = '* -text !eol -export-subst -ident -filter -working-tree-encoding\n'

/** Bytes that wait for whoever reads the tar. */
const CHUNK = 1024 * 1024

interface BuildOptions {
  tools: Tools
  signal: AbortSignal
  allow?: Allowance[]
  /** What a scan of the same bytes under the same allowances has found, so that they are not scanned again. */
  known?: (Pick<Artifact, 'sha256' | 'entries'> & { findings: ArtifactFinding[] }) | null
  /** Whether the tar is needed. Without it, its bytes are read while git writes them, and are not kept. */
  keepsTar: boolean
}

/**
 * Builds the artifact by `git archive`, in an empty repository that borrows the source's objects. So neither the source's config and
 * attributes nor the user's have an effect. Times are the commit's, owners root, modes 644 and 755.
 * @throws STOP_SOURCE_MISSING when git can't build it.
 */
export async function buildArtifact(
  source: Source,
  { tools, signal, allow = [], known = null, keepsTar }: BuildOptions,
): Promise<Artifact> {
  const folder = await createTempFolder()
  const dispose = () => rm(folder, { recursive: true, force: true })
  try {
    const repository = join(folder, 'borrowed.git')
    await makeRepository(repository, { objectFormat: source.objectFormat, attributes: ATTRIBUTES })
    const env = { ...COMMITTER, GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(source.objects) }
    const git: GitOptions = { tools, repository, cwd: repository, signal, env }
    const commit = await findArchivedCommit(git, source)
    const file = keepsTar ? join(folder, 'artifact.tar') : null
    const keep = (tar: Readable) => pipeline(tar, createWriteStream(file!, { flags: 'wx', mode: 0o600 }))
    const scan = (tar: Readable) => scanArtifact(tar, allow)
    const kept = file === null ? null : await readArchive(git, commit, keep)
    const isKnown = kept !== null && known?.sha256 === kept.sha256
    const scanned = isKnown ? null : await readArchive(git, commit, scan)
    const { sha256, bytes } = (kept ?? scanned)!
    const { entries, findings } = isKnown ? known! : scanned!.found
    return {
      file,
      sha256,
      bytes,
      entries,
      findings: [...applyAllowances(listSubmoduleFindings(source), allow), ...findings],
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

const COMMITTER = {
  GIT_AUTHOR_NAME: 'cutter',
  GIT_AUTHOR_EMAIL: 'cutter@localhost',
  GIT_COMMITTER_NAME: 'cutter',
  GIT_COMMITTER_EMAIL: 'cutter@localhost',
}

/** The commit to archive. For a folder inside of it, a commit that holds this folder alone; the same input gives the same commit. */
async function findArchivedCommit(
  git: GitOptions,
  { prefix, commit, tree, committedAt }: Source,
): Promise<string> {
  if (prefix === '') return commit
  const at = { GIT_AUTHOR_DATE: committedAt, GIT_COMMITTER_DATE: committedAt }
  const { stdout } = await runGitOrStop(['commit-tree', tree, '-m', `${prefix} of ${commit}`], {
    ...git,
    env: { ...git.env, ...at },
  })
  return stdout.toString().trim()
}

/** Hashes the tar while git writes it and something else reads it. */
async function readArchive<T>(git: GitOptions, commit: string, use: (tar: Readable) => Promise<T>) {
  const hash = createHash('sha256')
  let bytes = 0
  let found: T | undefined
  const counter = new Transform({
    highWaterMark: CHUNK,
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const read = async (stdout: Readable) => {
    ;[, found] = await Promise.all([pipeline(stdout, counter), use(counter)])
  }
  const settings = ['core.autocrlf=false', 'core.eol=lf', 'tar.umask=0022'].flatMap((one) => ['-c', one])
  await runGitOrStop([...settings, 'archive', '--format=tar', commit], { ...git, read })
  return { sha256: hash.digest('hex'), bytes, found: found as T }
}

async function runGitOrStop(args: string[], options: GitOptions) {
  const answer = await runGit(args, options)
  if (answer.code === 0) return answer
  throw sourceMissingError(
    `the artifact could not be built: ${answer.stderr.trim().split('\n').at(-1)}`,
    'check the repository with git fsck; a partial clone has to fetch its objects first',
  )
}

const listSubmoduleFindings = ({ submodules, submoduleIds = {} }: Source): ArtifactFinding[] =>
  submodules.map((path) => {
    const id = submoduleIds[path]
    return {
      rule: 'submodule',
      path,
      severity: 'refused',
      why: `is a submodule at ${id ?? 'an unknown commit'}, whose files the commit does not hold: its folder stays empty`,
      ...(id === undefined ? {} : { id }),
    }
  })
