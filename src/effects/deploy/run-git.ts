import { spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'

interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

interface GitOptions {
  cwd: string
  signal: AbortSignal
  env?: NodeJS.ProcessEnv
  /** A file that receives stdout. The result's `stdout` is empty then. */
  out?: FileHandle
  stdin?: string
}

/**
 * Options for every call. A repository's own settings can name programs to run, so the settings that a reading command would obey are
 * switched off.
 */
const ALWAYS = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']

/** Variables that would lead git to another repository or config, such as those that a git hook gets. */
const REDIRECTING =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|CONFIG.*|EXTERNAL_DIFF|.*PAGER)$/

/** Runs git without a shell, whatever its exit code. Rejects with the error of the spawn; ENOENT means that git is missing. */
export function runGit(
  args: string[],
  { cwd, signal, env = {}, out: file, stdin }: GitOptions,
): Promise<GitResult> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !REDIRECTING.test(name)),
  )
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

/** The environment for git in a repository that Cutter made: no config but Cutter's, and no attributes but the tree's and Cutter's. */
export const ISOLATED_GIT_ENV: NodeJS.ProcessEnv = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'cutter',
  GIT_AUTHOR_EMAIL: 'cutter@localhost',
  GIT_COMMITTER_NAME: 'cutter',
  GIT_COMMITTER_EMAIL: 'cutter@localhost',
}
