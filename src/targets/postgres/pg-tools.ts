import { spawn } from 'node:child_process'
import { Stop } from '../../domain/errors.ts'

/**
 * pg_dump and pg_restore, as the system has them on PATH. Passwords go by the environment of the child, never by its arguments,
 * which every user of a host can read.
 */

export interface ToolRun {
  code: number
  stderr: string
  stdout: string
}

interface RunOptions {
  password?: string | undefined
  environment?: { [name: string]: string }
  cwd?: string
  signal: AbortSignal
}

const INSTALL = 'Debian and Ubuntu: apt-get install postgresql-client; elsewhere: PostgreSQL’s client tools'

const UNUSABLE: { [code: string]: string } = {
  ENOENT: 'is not installed (not on PATH)',
  EACCES: 'may not be executed',
}

export async function runTool(name: string, args: string[], options: RunOptions): Promise<ToolRun> {
  const { password, environment = {}, cwd, signal } = options
  signal.throwIfAborted()
  const child = spawn(name, args, {
    cwd,
    // Nothing of the caller's PG* variables, services or locale decides where a dump goes.
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
    child[stream].on('data', (chunk: string) => (texts[stream] = (texts[stream] + chunk).slice(-20_000)))
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
    throw new Stop('STOP_TOOL_MISSING', `${name} ${why}; nothing was touched`, {
      next: `${INSTALL}; then resume the run`,
      data: { tool: name },
    })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** The major version of a tool, which must be at least the server's. */
export async function assertToolVersion(
  name: string,
  serverMajor: number,
  signal: AbortSignal,
): Promise<string> {
  const { stdout, stderr } = await runTool(name, ['--version'], { signal })
  const [version = '', major = '0'] = /(\d+)(?:\.\d+)*/.exec(stdout) ?? []
  if (Number(major) >= serverMajor) return version
  const found = version === '' ? `gave no version: ${stderr.trim()}` : `has version ${version}`
  throw new Stop(
    'STOP_TOOL_MISSING',
    `${name} ${found}, the server ${serverMajor}: an older one can’t back it up; nothing was touched`,
    {
      next: `install version ${serverMajor} or newer (${INSTALL}); then resume the run`,
      data: { tool: name, serverMajor },
    },
  )
}

/** A connection for libpq: the URL without its password, and the password. */
export function splitLibpqUrl(url: string): { address: string; password: string | undefined } {
  // Both the driver and libpq take a URL without a host, which the parser does not.
  const given = URL.canParse(url) ? url : url.replace('@/', '@localhost/')
  if (!URL.canParse(given))
    throw new Stop(
      'STOP_TARGET_REFUSED',
      'the connection’s URL is none that pg_dump takes; nothing was touched',
      {
        next: 'write it as postgresql://role@host:port/database, a socket’s folder as postgresql://role@/database?host=/folder',
      },
    )
  const parsed = new URL(given)
  const { password, searchParams } = parsed
  const secret = password === '' ? (searchParams.get('password') ?? undefined) : decoded(password)
  parsed.password = ''
  searchParams.delete('password')
  // A parameter of the driver that libpq refuses.
  searchParams.delete('uselibpqcompat')
  return { address: parsed.href, password: secret }
}

/** The driver takes a bare % for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
