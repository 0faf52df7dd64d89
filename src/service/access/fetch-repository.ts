import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { makeRepository } from '../../effects/deploy/borrow-repository.ts'
import { runGit } from '../../effects/deploy/run-git.ts'
import { withLock } from '../../locks/with-lock.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { FORBIDDEN } from './unbundle.ts'

interface FetchOptions {
  /** The folder of the home. */
  folder: string
  /** The name under `repositories` of cutter.yaml, and its URL. */
  name: string
  url: string
  tools: Tools
  signal: AbortSignal
}

/** How long another start may fetch the same repository, in milliseconds. */
const LOCK_MS = 600_000

/**
 * Settings of a fetch: the two transports that a URL may name, no other host by a redirect, no wait for a server that sends nothing, and objects
 * that are checked. The last three findings are those of old tools, and change nothing of what is deployed.
 */
const SETTINGS = [
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
  'http.followRedirects=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=60',
  'fetch.fsckObjects=true',
  ...FORBIDDEN.map((finding) => `fetch.fsck.${finding}=error`),
  ...['zeroPaddedFilemode', 'badTimezone', 'missingSpaceBeforeDate'].map((one) => `fetch.fsck.${one}=ignore`),
].flatMap((setting) => ['-c', setting])

/**
 * The complete history. Asked for as a depth, it is given by git alone: a server of plain files knows no depth, and git checks no object that such
 * a server sends.
 */
const COMPLETE = '--depth=2147483647'

/** Branches and tags as they are there now. What an earlier fetch brought stays, because no object is ever removed. */
const REFS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']

/**
 * Brings a repository that cutter.yaml names to this computer, or what is new of it. Its config is Cutter's, and it has no hooks. ssh goes by
 * the settings and keys of the user who runs this process. Returns the path of the bare repository, which the name and the URL name.
 * @throws INPUT_REFUSED when it can't be fetched, with the words of git
 */
export async function fetchRepository({ folder, name, url, tools, signal }: FetchOptions): Promise<string> {
  const all = join(folder, 'var', 'repositories')
  mkdirSync(all, { recursive: true, mode: 0o700 })
  const path = join(all, `${name}-${createHash('sha256').update(url).digest('hex').slice(0, 12)}.git`)
  return withLock(`${path}.lock`, LOCK_MS, async () => {
    if (!existsSync(path)) await makeAt(path)
    const args = ['fetch', '--quiet', '--prune', '--force', '--no-tags', '--no-auto-maintenance', COMPLETE]
    const { code, stderr } = await runGit(
      [...SETTINGS, ...args, '--no-write-fetch-head', '--no-recurse-submodules', '--', url, ...REFS],
      { tools, repository: path, cwd: path, signal, env: sshOf(tools) },
    )
    if (code !== 0) throw notFetchedError({ name, url }, stderr)
    return path
  })
}

async function makeAt(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await makeRepository(draft, { objectFormat: 'sha1' })
    await rename(draft, path)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** ssh asks nobody, and gives up on a host that does not answer. */
function sshOf(tools: Tools): NodeJS.ProcessEnv {
  const ssh = tools.find('ssh')
  const { SSH_AUTH_SOCK } = process.env
  const options = ['-oBatchMode=yes', '-oConnectTimeout=20', '-oServerAliveInterval=15']
  return {
    GIT_SSH_COMMAND: ssh === null ? 'false' : [ssh.file, ...ssh.args, ...options].map(shellQuote).join(' '),
    GIT_SSH_VARIANT: 'ssh',
    ...(SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK }),
  }
}

function notFetchedError({ name, url }: Pick<FetchOptions, 'name' | 'url'>, stderr: string): CutterError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const why = lines.slice(0, 3).join('; ').slice(0, 500) || 'git gives no reason'
  return new CutterError(
    'INPUT_REFUSED',
    `the repository ${name} of cutter.yaml can’t be fetched from ${url}: ${why}; nothing was started`,
    { next: `as the user who runs Cutter: git ls-remote ${shellQuote(url)}` },
  )
}
