import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { openStore } from '../../src/app/open-store.ts'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { type Ending, type Running, spawnProgram } from './spawn-program.ts'

/** Processes that are suspended in the middle of their work, and wake when somebody else has done it. */

/** Starts a command that suspends itself at the point. Answers how it ended where it never came there. */
export async function suspendAt(
  at: CutterHome,
  program: string,
  args: string[],
  point: string,
): Promise<Running | Ending> {
  const running = spawnProgram(at, program, args, { CRASH_AT: point, CRASH_SIGNAL: 'SIGSTOP' })
  return (await waitUntilSuspended(running)) ?? running
}

/** Resolves to null when the process is suspended, or to how it ended. */
export async function waitUntilSuspended({ process: child, ended }: Running): Promise<Ending | null> {
  let ending: Ending | null = null
  void ended.then((how) => {
    ending = how
  })
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(10)) {
    if (ending !== null) return ending
    if (isSuspended(child.pid!)) return null
  }
  throw new Error(`process ${child.pid} was neither suspended nor did it end`)
}

/** The state of a process is the first field after its name, which is in brackets (proc(5)). */
function isSuspended(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.startsWith('T')
  } catch {
    return false
  }
}

/** While its owner lives, nobody else moves the run. */
export async function expectHeld(at: CutterHome, runId: string, { process: child }: Running): Promise<void> {
  const answer = await at.cutter(['run', 'resume', runId, '--json'])
  expect([answer.code, jsonOf(answer).error]).toMatchObject([
    3,
    { code: 'RUN_HELD', holder: { pid: child.pid } },
  ])
}

/**
 * Takes the file of an owner away, so that it seems to be dead, as it does to a process that does not see its lock. That is the fault which
 * fencing is for.
 */
export async function hideOwner(at: CutterHome, runId: string): Promise<void> {
  const store = openStore(at.home)
  const ids = (await store.effects(runId)).flatMap(({ owner }) => owner?.id ?? [])
  await store.close()
  expect(ids).not.toEqual([])
  for (const id of ids) rmSync(at.path(`var/owners/${id}`), { force: true })
}

/** Wakes a suspended process and answers how it ended. */
export async function wake({ process: child, ended }: Running): Promise<Ending> {
  child.kill('SIGCONT')
  return ended
}
