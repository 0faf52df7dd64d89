import { spawn } from 'node:child_process'
import { findWritableByOthers } from '../../approvals/file-permissions.ts'
import { AttemptError } from './attempt-error.ts'

/** The variables that a command gets. The service has URLs of databases in its own. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

interface Command {
  argv: string[]
  input: string
  env: NodeJS.ProcessEnv
  end: AbortSignal
}

/**
 * Runs a command with a message on its stdin, in the root folder. Exit code 0 counts. It is killed with all that it started when `end` aborts.
 * @throws AttemptError also when other users could have written the program
 */
export async function runCommand({ argv: [program = '', ...args], input, env, end }: Command): Promise<void> {
  const uid = process.geteuid?.()
  const fault = uid === undefined ? null : findWritableByOthers(program, uid)
  if (fault !== null) throw new AttemptError(fault.message)
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
  const child = spawn(program, args, {
    cwd: '/',
    env: kept,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  end.addEventListener('abort', kill, { once: true })
  // A command need not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const why = await new Promise<string | null>((done) => {
    child.once('error', (error: NodeJS.ErrnoException) => done(`it can't be run: ${error.code}`))
    child.once('exit', (code, signal) => {
      if (code === 0) done(null)
      else done(signal === null ? `exit code ${code}` : `ended by ${signal}`)
    })
  })
  end.removeEventListener('abort', kill)
  if (why !== null) throw new AttemptError(why)
}
