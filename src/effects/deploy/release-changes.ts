import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tools } from '../../tools/open-tools.ts'
import type { ArtifactEntry } from './artifact-entry.ts'
import { MANIFEST_NAME } from './artifact-rules.ts'
import { makeRepository } from './borrow-repository.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import { readFile } from './read-commands.ts'
import { redactOutput } from './redact-output.ts'
import type { Source } from './resolve-source.ts'
import { runGit } from './run-git.ts'
import { createTempFolder } from './temp-folder.ts'
import { readSum } from './tree-hashes.ts'
import { MAX_LISTING_BYTES } from './tree-listing.ts'

/** A file that a deploy adds or changes. */
interface ChangedFile {
  path: string
  bytes: number
}

/** What a deploy changes against the release that runs now. Lists are cut; the counts are complete. */
export interface ReleaseChanges {
  /** The folder of the release that runs now, its commit and its run. */
  since: { path: string; commit: string; run: string }
  /** `<short id> <author>: <subject>`, the newest first. Null: the source does not have both commits. */
  commits: string[] | null
  counts: { commits: number | null; added: number; changed: number; removed: number }
  added: ChangedFile[]
  changed: ChangedFile[]
  removed: string[]
  /** The differences of small text files, as git shows them. */
  differences: string[]
}

const MAX_LISTED = 200
const MAX_DIFFERENCES = 40
/** Characters of the difference of one file, and of all of them. */
const DIFFERENCE_LENGTH = 4_000
const ALL_DIFFERENCES = 40_000

interface Running {
  path: string
  commit: string
  run: string
  /** SHA-256 by path. */
  files: Map<string, string>
}

/** Reads the manifest of the release that runs now: that of the pointer, or else of the first previous version. Null where it has none. */
export async function readRunning(
  session: HostSession,
  { live, previous }: DeployPaths,
): Promise<Running | null> {
  const path = live ?? previous[0]
  if (path === undefined) return null
  const { exitCode, stdout } = await session.run(readFile(`${path}/${MANIFEST_NAME}`), {
    maxOutputBytes: MAX_LISTING_BYTES,
  })
  const lines = stdout.toString('utf8').split('\n')
  const fact = (name: string) =>
    lines
      .map((line) => line.replace(/^# /, ''))
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  const [commit, run] = [fact('commit'), fact('run')]
  if (exitCode !== 0 || commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit) || run === undefined)
    return null
  const files = lines.flatMap((line): [string, string][] => {
    const found = readSum(line)
    return found === null ? [] : [[found.path, found.sha256]]
  })
  return { path, commit, run, files: new Map(files) }
}

/** Compares the artifact with the release that runs now. `skeleton`: files that each deploy makes, and no commit holds. */
export async function findReleaseChanges(
  running: Running | null,
  entries: ArtifactEntry[],
  source: Source,
  { tools, signal, skeleton }: { tools: Tools; signal: AbortSignal; skeleton: string[] },
): Promise<ReleaseChanges | null> {
  if (running === null) return null
  const { path, commit, run, files: before } = running
  const files = entries.filter(({ type }) => type === 'file')
  const now = new Set([...files.map((file) => file.path), ...skeleton])
  const added = files.filter((file) => !before.has(file.path))
  const changed = files.filter((file) => before.has(file.path) && before.get(file.path) !== file.sha256)
  const removed = [...before.keys()].filter((one) => !now.has(one))
  const history = await readHistory(commit, source, { tools, signal })
  const list = (some: ArtifactEntry[]) =>
    some.slice(0, MAX_LISTED).map(({ path, size }) => ({ path, bytes: size }))
  return {
    since: { path, commit, run },
    commits: history?.commits.slice(0, MAX_LISTED) ?? null,
    counts: {
      commits: history?.commits.length ?? null,
      added: added.length,
      changed: changed.length,
      removed: removed.length,
    },
    added: list(added),
    changed: list(changed),
    removed: removed.slice(0, MAX_LISTED),
    differences: history?.differences ?? [],
  }
}

/** The commits since another one, and the differences of small text files. Null where the source lacks one of both. */
async function readHistory(
  from: string,
  { commit, prefix, objectFormat, objects }: Source,
  { tools, signal }: { tools: Tools; signal: AbortSignal },
): Promise<{ commits: string[]; differences: string[] } | null> {
  const folder = await createTempFolder()
  try {
    const repository = join(folder, 'borrowed.git')
    await makeRepository(repository, { objectFormat })
    const env = { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(objects) }
    const ask = (args: string[]) => runGit(args, { tools, repository, cwd: repository, signal, env })
    const log = await ask(['log', '--format=%h %an: %s', '--max-count=1000', `${from}..${commit}`, '--'])
    if (log.code !== 0) return null
    const trees = [`${from}:${prefix}`, `${commit}:${prefix}`]
    const options = ['--no-color', '--no-ext-diff', '--no-textconv', '--no-renames', '--unified=2']
    const diff = await ask(['diff', ...options, ...trees, '--'])
    return {
      commits: splitLines(redactOutput(log.stdout.toString('utf8'))),
      differences: diff.code === 0 ? pickDifferences(diff.stdout.toString('utf8')) : [],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A secret of several lines, which the signs before the lines of a difference divide. */
const LONG_SECRET = /PRIVATE KEY|PuTTY-User-Key-File/

/**
 * Each part begins with `diff --git`. Binary files, long differences and those with a private key are left out; the lists of files name them.
 * A commit may take a secret away, and the difference would show it.
 */
export function pickDifferences(text: string): string[] {
  const parts = text.split(/^(?=diff --git )/m).filter((part) => part !== '')
  const small = parts.filter(
    (part) => part.length <= DIFFERENCE_LENGTH && !/^Binary files /m.test(part) && !LONG_SECRET.test(part),
  )
  let left = ALL_DIFFERENCES
  return small
    .map(redactOutput)
    .slice(0, MAX_DIFFERENCES)
    .filter((part) => {
      left -= part.length
      return left >= 0
    })
}

const splitLines = (text: string) => text.split('\n').filter((line) => line !== '')
