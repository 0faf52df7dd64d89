import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../../app/package-paths.ts'
import { type Driven, type DrivenRun, driveIn } from './drive-run.ts'
import { watchProcess } from './moments.ts'
import { makeTrialHome, type TrialKeys } from './trial-home.ts'
import { newWatch, type Watch } from './watched-effects.ts'

/** A moment in a write: the n-th write of a run, counted from 0, and the n-th moment in it, counted from 1. */
export interface CutPoint {
  at: number
  moment: number
}

type Given = Pick<Driven, 'file' | 'machine' | 'input'>

interface Job extends Given {
  home: TrialKeys
  cut: CutPoint | null
}

/** How many moments each write of a run has, in the order of the writes. */
type CountedMoments = { write: string; moments: number }[]

/** Counts the moments in the writes of a live run that nobody disturbs. */
export function countMoments(given: Given): Promise<CountedMoments> {
  return inHome(given, async (home) => (await driveInProcess({ ...given, home, cut: null })) ?? [])
}

/** Drives a live run whose process dies in a write, and then continues it in this process. Null when it came to its end first. */
export function driveCutRun(given: Given, watch: Watch, cut: CutPoint): Promise<DrivenRun | null> {
  return inHome(given, async (home) => {
    if ((await driveInProcess({ ...given, home, cut })) !== null) return null
    return driveIn(home, { ...given, mode: 'live', watch })
  })
}

async function inHome<Result>(
  { machine }: Given,
  work: (home: TrialKeys) => Promise<Result>,
): Promise<Result> {
  const { remove, ...home } = makeTrialHome(machine)
  try {
    return await work(home)
  } finally {
    remove()
  }
}

/**
 * Drives the live run of a home in a process of its own. It dies at a moment of a write, or, with null, counts the moments.
 * @returns null when the process died at that moment
 */
async function driveInProcess(job: Job): Promise<CountedMoments | null> {
  const program = pathToFileURL(join(packageRoot(), 'dist', 'testing.mjs')).href
  const script = `(await import(${JSON.stringify(program)})).runTrialJob()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr!.on('data', (data) => {
    errors += data
  })
  let counted: CountedMoments | null = null
  child.on('message', (answer) => {
    counted = answer as CountedMoments
  })
  const ended = new Promise<number | NodeJS.Signals | null>((done, fail) =>
    child.once('error', fail).once('close', (code, signal) => done(signal ?? code)),
  )
  child.send(job)
  const how = await ended
  if (counted === null && how !== 'SIGKILL')
    throw new Error(`the process of a trial ended with ${how}: ${errors.trim().slice(-500)}`)
  return counted
}

/** Does a job that its parent sends. */
export async function runTrialJob(): Promise<void> {
  process.once('disconnect', () => process.exit(1))
  const { home, cut, ...given } = await new Promise<Job>((done) => process.once('message', done))
  watchProcess()
  const counts = new Map<string, number>()
  const watch = newWatch(null)
  watch.atMoment = (id) => {
    const moment = (counts.get(id) ?? 0) + 1
    counts.set(id, moment)
    if (moment === cut?.moment && watch.writes.indexOf(id) === cut.at) process.kill(process.pid, 'SIGKILL')
  }
  await driveIn(home, { ...given, mode: 'live', watch })
  const counted: CountedMoments = watch.writes.map((write) => ({ write, moments: counts.get(write) ?? 0 }))
  process.send!(counted, () => process.exit(0))
}
