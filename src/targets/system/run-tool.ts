import { spawn } from 'node:child_process'
import { Stop } from '../../domain/errors.ts'

/** How a tool ended. `stdout` and `stderr` hold the last 20,000 characters. */
interface ToolRun {
  code: number
  stderr: string
  stdout: string
}

interface RunOptions {
  /** For PostgreSQL's tools. */
  password?: string | undefined
  environment?: { [name: string]: string }
  cwd?: string
  signal: AbortSignal
}

const OUTPUT_LIMIT = 20_000

/** How to install PostgreSQL's client tools, for messages. */
export const INSTALL_PG_TOOLS =
  'Debian and Ubuntu: apt-get install postgresql-client; elsewhere: PostgreSQL’s client tools'

const UNUSABLE: { [code: string]: string } = {
  ENOENT: 'is not installed (not on PATH)',
  EACCES: 'may not be executed',
}

/**
 * Runs a tool that the system has on PATH. A password is passed in the environment of the child and never in its arguments, which
 * every user of the host can read.
 * @throws STOP_TOOL_MISSING when the tool is not installed or not executable
 */
export async function runTool(name: string, args: string[], options: RunOptions): Promise<ToolRun> {
  const { password, environment = {}, cwd, signal } = options
  signal.throwIfAborted()
  const child = spawn(name, args, {
    cwd,
    // The caller's PG* variables, services and locale are left out, because they would decide where a dump goes.
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LC_ALL: 'C',
      ...(password === undefined ? {} : { PGPASSWORD: password }),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', kill, { once: true })
  const texts = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8')
    child[stream].on('data', (chunk: string) => {
      texts[stream] = (texts[stream] + chunk).slice(-OUTPUT_LIMIT)
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
    const why = UNUSABLE[(error as NodeJS.ErrnoException).code ?? '']
    if (why === undefined) throw error
    throw new Stop('STOP_TOOL_MISSING', `${name} ${why}; nothing was changed`, {
      next: `${INSTALL_PG_TOOLS}; then resume the run`,
      data: { tool: name },
    })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
