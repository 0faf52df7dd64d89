import { execFileSync, spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/** How long a shell may take for one answer on a loaded machine, in milliseconds. */
const LONGEST_MS = 60_000

/** How each shell starts without the files of a user, and shows nothing but what it was asked. */
const STARTS = {
  bash: 'bash --norc --noprofile -i',
  zsh: 'zsh -f -i',
  fish: 'fish --no-config -i',
}

export type Shell = keyof typeof STARTS
export const SHELLS = Object.keys(STARTS) as Shell[]

/** What is missing to type into a shell; null where nothing is. */
export function missingFor(shell: Shell): string | null {
  return [shell, 'script'].find((name) => !isInstalled(name)) ?? null
}

function isInstalled(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A shell in a terminal of its own, into which a test types. */
export interface TypedShell {
  type(keys: string): void
  /** Waits until what the shell has shown since the last call matches. Resolves to that. */
  shows(what: RegExp): Promise<string>
  end(): Promise<void>
}

/** Opens an interactive shell. */
export function openShell(shell: Shell, folder: string, env: NodeJS.ProcessEnv): TypedShell {
  const child = spawn('script', ['-qfc', `exec ${STARTS[shell]}`, '/dev/null'], {
    cwd: folder,
    env: { ...env, TERM: 'xterm', COLUMNS: '80', LINES: '40', PS1: '> ', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let shown = ''
  child.stdout.on('data', (bytes: Buffer) => {
    shown += bytes.toString('utf8')
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  return {
    type: (keys) => void child.stdin.write(keys),
    async shows(what) {
      const until = Date.now() + LONGEST_MS
      while (!what.test(stripVTControlCharacters(shown))) {
        if (Date.now() > until) throw new Error(`${shell} does not show ${what}: ${JSON.stringify(shown)}`)
        await new Promise((done) => setTimeout(done, 20))
      }
      const text = stripVTControlCharacters(shown)
      shown = ''
      return text
    },
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
