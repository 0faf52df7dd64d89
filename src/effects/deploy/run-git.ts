import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Tools } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'
import { sourceMissingError } from './source-missing-error.ts'

interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

export interface GitOptions {
  tools: Tools
  /** The repository, which Cutter made. git never works in another one, because its config can name programs. */
  repository: string
  cwd: string
  signal: AbortSignal
  env?: NodeJS.ProcessEnv
  /** A file that does not exist yet, and gets stdout. The result's `stdout` is empty then. */
  into?: string
  /** Reads stdout while git writes it, and may end it early. The result's `stdout` is empty then. Not with `into`. */
  read?(stdout: Readable): Promise<void>
}

/**
 * Settings for every call, in case a file that Cutter did not write would still be read: no hook, no watcher, no signature program, and
 * no transport, by which a partial clone could fetch.
 */
const ALWAYS = [
  '--no-optional-locks',
  ...[
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'core.attributesFile=/dev/null',
    'log.showSignature=false',
    'protocol.allow=never',
  ].flatMap((setting) => ['-c', setting]),
]

/**
 * Runs git without a shell, whatever its exit code, in a repository of Cutter's. The caller's variables are left out, apart from HOME,
 * where git finds the user's ignored names: they could name another repository, programs, and files to write traces to.
 * @throws STOP_SOURCE_MISSING when git is not where it is looked for
 */
export function runGit(args: string[], options: GitOptions): Promise<GitResult> {
  const { tools, repository, cwd, signal, env = {}, into, read } = options
  const tool = tools.find('git')
  if (tool === null) {
    const { why, next } = tools.describeMissing('git')
    throw sourceMissingError(`git ${why}`, next)
  }
  return new Promise((resolve, reject) => {
    const output = into === undefined ? null : openSync(into, 'wx', 0o600)
    const child = spawn(tool.file, [...tool.args, ...ALWAYS, ...args], {
      cwd,
      signal,
      stdio: ['ignore', output ?? 'pipe', 'pipe'],
      env: {
        PATH: TRUSTED_PATH,
        HOME: process.env.HOME,
        LC_ALL: 'C',
        GIT_DIR: repository,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_ATTR_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_NO_REPLACE_OBJECTS: '1',
        GIT_NO_LAZY_FETCH: '1',
        ...env,
      },
    })
    if (output !== null) closeSync(output)
    const out: Buffer[] = []
    let stderr = ''
    const reading = child.stdout === null || read === undefined ? Promise.resolve() : read(child.stdout)
    // A reader that fails leaves git no one to write to.
    reading.catch(() => child.stdout!.destroy())
    if (read === undefined) child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(0, 10_000)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      const answer = { code: code ?? -1, stdout: Buffer.concat(out), stderr }
      // What git says about its own failure explains more than a stream that ended too early.
      reading.then(
        () => resolve(answer),
        (error: Error) => (answer.code > 0 ? resolve(answer) : reject(error)),
      )
    })
  })
}
