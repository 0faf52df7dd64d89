import { type ChildProcess, spawn } from 'node:child_process'
import type { CutterHome } from './cli.ts'
import type { OsUser } from './os-users.ts'

/** `cutter serve` of the build in a process of its own. */
export interface ServingProgram {
  url: string
  socket: string
  pid: number
  /** Sends a signal, and resolves to the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string | null>
  /** What it printed on stderr so far. */
  stderr(): string
}

/** Starts `cutter serve` in a home, on a free port, as a user. */
export async function serve(
  at: CutterHome,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  user: OsUser | Record<never, never> = {},
): Promise<ServingProgram> {
  const program = at.path('.installed/dist/cutter.cjs')
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json', ...args], {
    cwd: at.home,
    env: { ...at.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | string | null>((done) =>
    child.once('exit', (code, signal) => done(code ?? signal)),
  )
  const { url, socket } = await addressOf(child, () => stderr)
  return {
    url,
    socket,
    pid: child.pid!,
    stderr: () => stderr,
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

function addressOf(child: ChildProcess, stderr: () => string): Promise<{ url: string; socket: string }> {
  return new Promise((done, fail) => {
    let text = ''
    child.once('exit', (code) => fail(new Error(`cutter serve ended with ${code}: ${stderr()}`)))
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const end = text.indexOf('\n')
      if (end >= 0) done(JSON.parse(text.slice(0, end)))
    })
  })
}
