import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { joinSignals } from '../../domain/join-signals.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { type Allowance, applyAllowances } from './allowances.ts'
import type { ArtifactEntry, ArtifactFinding } from './artifact-entry.ts'
import { findNameFault } from './artifact-rules.ts'
import { artifactUncleanError } from './artifact-unclean-error.ts'
import { makeRepository } from './borrow-repository.ts'
import { followFile } from './follow-file.ts'
import {
  assertLargeFiles,
  borrow,
  type ComposedTree,
  type IncludedContent,
  includeContents,
} from './include-contents.ts'
import type { Source } from './resolve-source.ts'
import { type GitOptions, runGit } from './run-git.ts'
import { printable, scanArtifact } from './scan-artifact.ts'
import { sourceMissingError } from './source-missing-error.ts'
import { createTempFolder } from './temp-folder.ts'

/** The artifact that goes to the host: an uncompressed tar of one commit. Everybody who builds it gets the same bytes. */
export interface Artifact {
  /** Path of the tar in a private folder, which `dispose` removes. */
  file: string
  sha256: string
  bytes: number
  entries: ArtifactEntry[]
  findings: ArtifactFinding[]
  /** Contents that are not in the commit itself, and that the allowances include. */
  included: IncludedContent[]
  dispose(): Promise<void>
}

/**
 * Overrides the attributes of tree, clone and user: no conversion of line ends, no `$Format:…$`, `$Id$` or filter, because these depend on
 * the clone. `export-ignore` in the tree counts, because it is part of the commit and says what an archive leaves out.
 */
const ATTRIBUTES = '* -text !eol -export-subst -ident -filter -working-tree-encoding\n'

interface BuildOptions {
  tools: Tools
  signal: AbortSignal
  allow?: Allowance[]
  /** What a scan of the same bytes under the same allowances has found, so that they are not scanned again. */
  known?: (Pick<Artifact, 'sha256' | 'entries'> & { findings: ArtifactFinding[] }) | null
}

/**
 * Builds the artifact by `git archive`, in an empty repository that borrows the source's objects. So neither the source's config and
 * attributes nor the user's have an effect. Times are the commit's, owners root, modes 644 and 755.
 * @throws STOP_SOURCE_MISSING when git can't build it. @throws STOP_ARTIFACT_UNCLEAN when it can't because of the name of a path.
 */
export async function buildArtifact(
  source: Source,
  { tools, signal, allow = [], known = null }: BuildOptions,
): Promise<Artifact> {
  const folder = await createTempFolder()
  const dispose = () => rm(folder, { recursive: true, force: true })
  try {
    const repository = join(folder, 'borrowed.git')
    await makeRepository(repository, { objectFormat: source.objectFormat, attributes: ATTRIBUTES })
    const plain: GitOptions = { tools, repository, cwd: repository, signal, env: COMMITTER }
    const composed = await includeContents(source, allow, plain).catch((error) =>
      explainFailure(error, source, plain),
    )
    const git = { ...plain, env: { ...COMMITTER, ...borrow(composed.objects) } }
    const commit = await findArchivedCommit(git, source, composed)
    const file = join(folder, 'artifact.tar')
    const scan = (tar: Readable) => scanArtifact(tar, allow)
    const written = await writeArchive(git, commit, file, known === null ? scan : null).catch((error) =>
      explainFailure(error, source, plain),
    )
    const { sha256, bytes } = written
    const isKnown = known?.sha256 === sha256
    const { entries, findings } = isKnown ? known : (written.found ?? (await scan(createReadStream(file))))
    const byPath = new Map(entries.map((entry) => [entry.path, entry.sha256]))
    assertLargeFiles(composed.included, (path) => byPath.get(path))
    return {
      file,
      sha256,
      bytes,
      entries,
      findings: [...applyAllowances(listSubmoduleFindings(composed), allow), ...findings],
      included: composed.included,
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** git builds nothing of a tree with a path such as `..`, and its message names neither the cause nor a way on. */
async function explainFailure(error: unknown, { tree, objects }: Source, git: GitOptions): Promise<never> {
  const env = { ...git.env, ...borrow([objects]) }
  const { stdout } = await runGit(['ls-tree', '-r', '-z', '--name-only', '--full-tree', tree], {
    ...git,
    env,
  })
  const findings = stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '')
    .flatMap((path): ArtifactFinding[] => {
      const fault = findNameFault(path)
      return fault?.fixed === true ? [{ path: printable(path), ...fault }] : []
    })
  throw findings.length === 0 ? error : artifactUncleanError(findings)
}

const COMMITTER = {
  GIT_AUTHOR_NAME: 'cutter',
  GIT_AUTHOR_EMAIL: 'cutter@localhost',
  GIT_COMMITTER_NAME: 'cutter',
  GIT_COMMITTER_EMAIL: 'cutter@localhost',
}

/** The commit to archive. For a folder inside of it, or with contents of others, a commit of that tree; the same input gives the same one. */
async function findArchivedCommit(
  git: GitOptions,
  { prefix, commit, committedAt }: Source,
  { tree, included }: ComposedTree,
): Promise<string> {
  if (prefix === '' && included.length === 0) return commit
  const at = { GIT_AUTHOR_DATE: committedAt, GIT_COMMITTER_DATE: committedAt }
  const { stdout } = await runGitOrStop(['commit-tree', tree, '-m', `${prefix} of ${commit}`], {
    ...git,
    env: { ...git.env, ...at },
  })
  return stdout.toString().trim()
}

/** Hashes the tar while git writes it, and has it scanned at the same time. */
async function writeArchive<T>(
  git: GitOptions,
  commit: string,
  file: string,
  use: ((tar: Readable) => Promise<T>) | null,
) {
  const hash = createHash('sha256')
  let bytes = 0
  async function* count(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  const settings = ['core.autocrlf=false', 'core.eol=lf', 'tar.umask=0022'].flatMap((one) => ['-c', one])
  const failed = new AbortController()
  const { signal, release } = joinSignals([git.signal, failed.signal])
  const args = [...settings, 'archive', '--format=tar', commit]
  const writing = runGitOrStop(args, { ...git, signal, into: file })
  const counted = count(followFile(file, writing))
  const reading = use === null ? drain(counted) : use(Readable.from(counted))
  // What git says about its own failure explains more than a tar that ends too early.
  reading.catch(() => failed.abort())
  await writing
    .catch((error: Error) => {
      if (error.name !== 'AbortError' || !failed.signal.aborted) throw error
    })
    .finally(release)
  const found = await reading
  return { sha256: hash.digest('hex'), bytes, found: found ?? null }
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<undefined> {
  for await (const _ of chunks);
}

async function runGitOrStop(args: string[], options: GitOptions) {
  const answer = await runGit(args, options)
  if (answer.code === 0) return answer
  throw sourceMissingError(
    `the artifact could not be built: ${answer.stderr.trim().split('\n').at(-1)}`,
    'check the repository with git fsck; a partial clone has to fetch its objects first',
  )
}

const listSubmoduleFindings = ({ left }: ComposedTree): ArtifactFinding[] =>
  Object.entries(left).map(([path, id]) => ({
    rule: 'submodule',
    path,
    severity: 'refused',
    why: `is a submodule at ${id ?? 'an unknown commit'}, whose files the commit does not hold: its folder stays empty`,
    ...(id === undefined ? {} : { id }),
  }))
