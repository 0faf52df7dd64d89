import { type ChildProcess, spawn } from 'node:child_process'
import type { CutterHome } from '../support/cli.ts'

/** How a command ended. */
export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  process: ChildProcess
  ended: Promise<Ending>
}

export const builtProgram = (at: CutterHome) => at.path('.installed/dist/cutter.cjs')

export const describeEnding = ({ code, signal, stdout, stderr }: Ending) =>
  `${code ?? signal}\n${stdout}${stderr}`

export function spawnProgram(
  at: CutterHome,
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: at.home,
    env: { ...at.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const read = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      read[name] += text
    })
  }
  const ended = new Promise<Ending>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => done({ code, signal, ...read }))
  })
  return { process: child, ended }
}
