import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { CutterError } from '../../domain/errors.ts'
import { makeRepository } from '../../effects/deploy/borrow-repository.ts'
import { runGit } from '../../effects/deploy/run-git.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { readGitBundleHead } from './git-bundle-head.ts'
import { COUNT_LIMITS, INPUT_LIMITS } from './input-limits.ts'

interface UnbundleOptions {
  /** The folder of what callers sent. */
  uploads: string
  /** What the run deploys of it. */
  commit: string
  tools: Tools
  signal: AbortSignal
}

/** Paths that no file of a commit may have: they would lead out of a working tree, or into its repository. */
export const FORBIDDEN = ['hasDot', 'hasDotdot', 'hasDotgit', 'fullPathname', 'emptyName', 'nullSha1']

/**
 * Makes a bare repository of a git bundle. Its config is Cutter's, and it has no hooks: a bundle holds objects and names of commits alone. Every object is
 * checked. Returns the path of the repository, which the SHA-256 of the bundle names.
 * @param bundle path of the bundle, whose name is its SHA-256
 * @throws INPUT_REFUSED when it is damaged, holds not all of its commits or paths that no commit may have, or when `commit` is not in it, has
 * submodules or is too large; nothing is kept then
 */
export async function unbundle(bundle: string, options: UnbundleOptions): Promise<string> {
  const path = join(options.uploads, `repo-${basename(bundle)}.git`)
  if (existsSync(path)) await utimes(path, new Date(), new Date())
  else await makeFrom(bundle, path, options)
  await assertDeployable(path, options)
  return path
}

async function makeFrom(bundle: string, path: string, { tools, signal }: UnbundleOptions): Promise<void> {
  const { size } = await stat(bundle)
  if (size > INPUT_LIMITS.gitBundle) throw refused(`it has more than ${INPUT_LIMITS.gitBundle} bytes`)
  const head = await readGitBundleHead(bundle)
  if (typeof head === 'string') throw refused(head)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const git = (...args: string[]) => runGit(args, { tools, repository: draft, cwd: draft, signal })
  try {
    await makeRepository(draft, { objectFormat: head.objectFormat })
    const unpacked = await git('bundle', 'unbundle', bundle)
    if (unpacked.code !== 0) throw refused(`it is damaged or cut short (${firstLine(unpacked.stderr)})`)
    const { HEAD, ...refs } = head.refs
    const lines = Object.keys(refs).sort()
    await writeFile(join(draft, 'packed-refs'), lines.map((name) => `${refs[name]} ${name}\n`).join(''))
    if (HEAD !== undefined) await writeFile(join(draft, 'HEAD'), `${HEAD}\n`)
    const strict = FORBIDDEN.flatMap((name) => ['-c', `fsck.${name}=error`])
    const checked = await git(...strict, 'fsck', '--full', '--no-dangling', '--no-progress')
    if (checked.code !== 0) throw refused(`git fsck finds: ${firstLine(checked.stderr)}`)
    await rename(draft, path).catch((error: NodeJS.ErrnoException) => {
      // Somebody else has sent the same one.
      if (!['ENOTEMPTY', 'EEXIST'].includes(String(error.code))) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The commit is there, with all of its content, and fits onto a host. */
async function assertDeployable(
  repository: string,
  { commit, tools, signal }: UnbundleOptions,
): Promise<void> {
  const git = (args: string[], read?: (stdout: Readable) => Promise<void>) =>
    runGit(args, { tools, repository, cwd: repository, signal, ...(read && { read }) })
  const found = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{commit}`])
  if (found.code !== 0) {
    const { stdout } = await git(['for-each-ref', '--count=10', '--format=%(refname:short)'])
    const names = stdout.toString().trim().split('\n').join(', ')
    throw refused(`${JSON.stringify(commit)} is not in it; it holds ${names === '' ? 'HEAD' : names}`)
  }
  const listed = { files: 0, bytes: 0, rest: '', fault: null as string | null }
  const args = ['ls-tree', '-r', '-l', '-z', '--full-tree', found.stdout.toString().trim()]
  await git(args, async (stdout) => {
    for await (const part of stdout) {
      countEntries(listed, String(part))
      if (listed.fault !== null) break
    }
  })
  if (listed.fault !== null) throw refused(listed.fault)
}

interface Listed {
  files: number
  bytes: number
  /** The beginning of an entry whose end has not come yet. */
  rest: string
  fault: string | null
}

/** Counts entries of `git ls-tree -l -z`: `<mode> <type> <id> <size>\t<path>`. A tree may name itself many times, so that nobody waits for its end. */
function countEntries(listed: Listed, part: string): void {
  const entries = (listed.rest + part).split('\0')
  listed.rest = entries.pop()!
  for (const entry of entries) {
    const [facts = '', path = ''] = entry.split('\t')
    const [mode, , , size] = facts.split(/ +/)
    if (mode === '160000')
      listed.fault = `the submodule ${JSON.stringify(path)} has content that a bundle can’t hold`
    listed.files += 1
    listed.bytes += Number(size) || 0
    if (listed.files > COUNT_LIMITS.deployed)
      listed.fault = `its commit has more than ${COUNT_LIMITS.deployed} files`
    if (listed.bytes > INPUT_LIMITS.deployed)
      listed.fault = `the files of its commit have more than ${INPUT_LIMITS.deployed} bytes`
    if (listed.fault !== null) return
  }
}

const firstLine = (text: string) =>
  text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.slice(0, 300) ?? 'no reason is given'

const refused = (why: string) =>
  new CutterError('INPUT_REFUSED', `the git bundle can’t be deployed: ${why}; nothing was started`, {
    next: 'git bundle create <file> <branch>, git bundle verify <file>, and send that file',
  })
