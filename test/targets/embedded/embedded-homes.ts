import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import {
  type EmbeddedServer,
  openEmbedded,
  readEmbeddedStatus,
} from '../../../src/targets/embedded/open-embedded.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { type BuiltProgram, buildProgram } from '../../support/build-program.ts'

/** Homes for embedded servers and processes that use them. `clean` ends and removes all of them. */

export interface TestHome {
  home: string
  stateDirectory: string
  user?: string
}

export interface User {
  process: ChildProcess
  /** The next line that the process prints. */
  answer(): Promise<{ [key: string]: unknown }>
  say(word: string): Promise<void>
  ended: Promise<void>
}

const homes: TestHome[] = []
const users: User[] = []

/** Mode 755 lets the server's user enter. With 700, the mode of mkdtemp, root's server would use the state directory. */
export function aHome(mode = 0o755): TestHome {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-embedded-')))
  chmodSync(folder, 0o755)
  const made = { home: join(folder, 'home'), stateDirectory: join(folder, 'state') }
  mkdirSync(made.home)
  mkdirSync(made.stateDirectory)
  chmodSync(made.home, mode)
  homes.push(made)
  return made
}

let program: Promise<BuiltProgram> | null = null

/** Builds the user's program once until `clean`. */
function userProgram(): Promise<BuiltProgram> {
  program ??= buildProgram(join(import.meta.dirname, 'embedded-user.ts'))
  return program
}

export async function aUser(
  at: TestHome,
  how: {
    environment?: NodeJS.ProcessEnv
    uid?: number
    gid?: number
    detached?: boolean
    /** The command that starts the process. */
    within?: string[]
  } = {},
): Promise<User> {
  const { environment = process.env, within = [], ...as } = how
  const { file } = await userProgram()
  const [command = '', ...args] = [...within, process.execPath, file, at.home, at.stateDirectory]
  const child = spawn(command, args, {
    cwd: '/',
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...as,
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const user: User = {
    process: child,
    answer: async () => {
      const line = await lines.next()
      if (line.done) throw new Error('the user ended without an answer')
      return JSON.parse(line.value)
    },
    say: async (word) => {
      child.stdin.write(`${word}\n`)
      if (word !== 'exit') await user.answer()
    },
    ended: new Promise((end) => child.once('exit', () => end())),
  }
  users.push(user)
  return user
}

export async function killUser(user: User, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  user.process.kill(signal)
  await user.ended
}

/** Removes every user, server and folder. Returns the pids of servers that still ran. */
export async function clean(): Promise<number[]> {
  for (const user of users.splice(0)) {
    user.process.kill('SIGKILL')
    if (user.process.exitCode === null && user.process.signalCode === null) await user.ended
  }
  if (program !== null) (await program).remove()
  program = null
  const left: number[] = []
  for (const at of homes.splice(0)) {
    const { pid } = await readEmbeddedStatus(at)
    if (pid !== null) {
      left.push(pid)
      process.kill(pid, 'SIGQUIT')
    }
    rmSync(join(at.home, '..'), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  return left
}

const opened: EmbeddedServer[] = []

/** Opens the server of a home until `releaseAll`. */
export async function openServer(at: TestHome): Promise<EmbeddedServer> {
  const server = await openEmbedded(at)
  opened.push(server)
  return server
}

/** Releases every opened server. Fails when a server still runs afterwards. */
export async function releaseAll(): Promise<void> {
  for (const server of opened.splice(0)) await server.release()
  expect(await clean(), 'servers left running').toEqual([])
}

export async function pidOf(at: TestHome): Promise<number | null> {
  return (await readEmbeddedStatus(at)).pid
}

/** Waits until a condition holds, at most ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 2_000) throw new Error('the condition never held')
    await sleep(5)
  }
}

/** Runs a query as the superuser and returns its rows. */
export async function query(server: EmbeddedServer, sql: string): Promise<unknown[]> {
  const url = server.url('postgres', 'postgres')
  return withSession(url, { applicationName: 'test' }, async (client) => {
    await client.query('set search_path to default')
    return (await client.query(sql)).rows
  })
}
