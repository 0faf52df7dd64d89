import { spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'

export interface GitAnswer {
  code: number
  stdout: Buffer
  stderr: string
}

interface GitOptions {
  cwd: string
  signal: AbortSignal
  env?: NodeJS.ProcessEnv
  /** A file that stdout goes to; the answer's is empty then. */
  out?: FileHandle
  stdin?: string
}

/**
 * What of the caller's surroundings must not change what git answers. A repository's own settings can name programs to run; those that
 * a reading command would meet are switched off.
 */
const ALWAYS = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']

/** Names of variables by which a caller's git would be led elsewhere, such as those that a git hook is given. */
const LEADING =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|CONFIG.*|EXTERNAL_DIFF|.*PAGER)$/

/** Runs git without a shell. Rejects with the spawn's own error (ENOENT: no git). */
export function runGit(
  args: string[],
  { cwd, signal, env = {}, out: file, stdin }: GitOptions,
): Promise<GitAnswer> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEADING.test(name)))
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...ALWAYS, ...args], {
      cwd,
      signal,
      stdio: ['pipe', file?.fd ?? 'pipe', 'pipe'],
      env: {
        ...inherited,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_NO_REPLACE_OBJECTS: '1',
        GIT_NO_LAZY_FETCH: '1',
        ...env,
      },
    })
    const out: Buffer[] = []
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(0, 10_000)
    })
    child.stdin!.on('error', () => undefined)
    child.stdin!.end(stdin)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr }))
  })
}

/** Git's surroundings for work in a repository of our own: no config but what we write, no attributes but the tree's and ours. */
export const ISOLATED_GIT_ENV: NodeJS.ProcessEnv = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'cutter',
  GIT_AUTHOR_EMAIL: 'cutter@localhost',
  GIT_COMMITTER_NAME: 'cutter',
  GIT_COMMITTER_EMAIL: 'cutter@localhost',
}
