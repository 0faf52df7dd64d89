import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/** How a tool ended. `stdout` and `stderr` hold their last characters: 20,000, or as many as `keep` says. */
interface ToolRun {
  code: number
  stderr: string
  stdout: string
}

interface RunOptions {
  /** For PostgreSQL's tools. */
  password?: string | undefined
  /** Left out: the root folder, because the caller's own folder could hold a script that a relative path names. */
  cwd?: string
  /** The file that the tool reads as its input. Left out: none. */
  input?: string
  /** The new file, mode 0600, that receives its output. `stdout` is empty then. */
  output?: string
  /** Receives its output in pieces. `stdout` is empty then. */
  onOutput?: (piece: Buffer) => void
  keep?: number
  signal: AbortSignal
}

/** A tool that ignores SIGTERM is killed after this time. */
const KILL_AFTER_MS = 5_000

const OUTPUT_LIMIT = 20_000

/** How to install PostgreSQL's client tools, for messages. */
export const INSTALL_PG_TOOLS =
  'Debian and Ubuntu: apt-get install postgresql-client; elsewhere: PostgreSQL’s client tools'

/**
 * Runs a tool. A password is passed in the environment of the child and never in its arguments, which every user of the host can read.
 * @throws STOP_TOOL_MISSING when the tool can't be executed
 */
export async function runTool(
  { file, args: first }: Tool,
  args: string[],
  options: RunOptions,
): Promise<ToolRun> {
  const { password, cwd = '/', signal, input, output, onOutput, keep = OUTPUT_LIMIT } = options
  signal.throwIfAborted()
  const opened = [
    ...(input === undefined ? [] : [openSync(input, 'r')]),
    ...(output === undefined ? [] : [openSync(output, 'wx', 0o600)]),
  ]
  const child = spawn(file, [...first, ...args], {
    cwd,
    // The caller's PATH, PG* variables, services and locale are left out, because they would decide what runs and where a dump goes.
    env: {
      PATH: TRUSTED_PATH,
      HOME: process.env.HOME,
      LC_ALL: 'C',
      ...(password === undefined ? {} : { PGPASSWORD: password }),
    },
    stdio: [
      input === undefined ? 'ignore' : opened[0]!,
      output === undefined ? 'pipe' : opened.at(-1)!,
      'pipe',
    ],
  })
  for (const one of opened) closeSync(one)
  let later: NodeJS.Timeout | undefined
  const kill = () => {
    child.kill('SIGTERM')
    later = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
  }
  signal.addEventListener('abort', kill, { once: true })
  const texts = { stdout: '', stderr: '' }
  if (onOutput !== undefined) child.stdout?.on('data', onOutput)
  for (const stream of onOutput === undefined ? (['stdout', 'stderr'] as const) : (['stderr'] as const)) {
    child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] = (texts[stream] + chunk).slice(-keep)
    })
  }
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, ended) => resolve(status ?? (ended === null ? 1 : 128)))
    })
    signal.throwIfAborted()
    return { code, ...texts }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EACCES') throw error
    throw new Stop('STOP_TOOL_MISSING', `${file} can’t be run: ${message}; nothing was changed`, {
      next: `${INSTALL_PG_TOOLS}; then resume the run`,
      data: { tool: file },
    })
  } finally {
    clearTimeout(later)
    signal.removeEventListener('abort', kill)
  }
}
