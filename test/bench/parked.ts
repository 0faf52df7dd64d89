import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleDeps } from '../../src/app/closeout-deps.ts'
import { type Home, openHome } from '../../src/app/open-home.ts'
import { rehearseApproval } from '../../src/service/approvals/rehearse.ts'
import { readInbox } from '../../src/service/inbox.ts'
import { readRunHistory } from '../../src/service/runs/history.ts'
import { listRuns } from '../../src/service/runs/list.ts'
import { resumeRun } from '../../src/service/runs/resume.ts'
import { startRun } from '../../src/service/runs/start.ts'
import { backUpStore } from '../../src/service/store/backup.ts'
import { pruneStore } from '../../src/service/store/prune.ts'
import { pruneRunIntoBundle } from '../../src/service/store/prune-runs.ts'
import type { StoredRun } from '../../src/store/run-store.ts'
import { addClones } from './clone-runs.ts'
import { median } from './cold.ts'
import { WAITER } from './waiter.ts'

/** Times of what people and operators do in a store with so many parked runs, in milliseconds: medians. */
export interface ParkedFigures {
  parked: number
  finished: number
  megabytes: number
  times: { [operation: string]: number }
}

/** Runs that a transaction adds. */
const CHUNK = 20_000
const SAMPLES = 15
/** The numbers of finished runs begin here, because both kinds may have been started in one second. */
const FINISHED = 0x8000_0000

/**
 * Fills one store with parked runs, and a tenth as many finished ones, up to each number, and measures there.
 * @param hasBackup whether a backup is made, too, which checks every run of the copy
 */
export async function measureParked(
  folder: string,
  numbers: number[],
  hasBackup: boolean,
): Promise<ParkedFigures[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'waiter.ts'), WAITER)
  writeFileSync(join(folder, 'cutter.yaml'), 'machines: { waiter: ./waiter.ts }\n')
  const [parked, finished] = await inHome(folder, async (home) => {
    const waiting = await start(home, 'parked')
    const closed = await start(home, 'finished')
    await approve(home, closed)
    return [await recordOf(home, waiting), await recordOf(home, closed)]
  })
  const measured: ParkedFigures[] = []
  let made = 1
  for (const number of numbers) {
    for (let from = made; from < number; from += CHUNK)
      addClones(folder, parked, { from, to: Math.min(from + CHUNK, number) })
    for (let from = Math.ceil(made / 10); from < number / 10; from += CHUNK)
      addClones(folder, finished, {
        from: FINISHED + from,
        to: FINISHED + Math.min(from + CHUNK, number / 10),
      })
    made = number
    const times = await inHome(folder, (home) => timesIn(home, parked, finished, number))
    if (hasBackup) times['backup, each 1,000 runs'] = (await inHome(folder, backup)) / ((number * 1.1) / 1000)
    const { size } = statSync(join(folder, 'var/cutter.db'))
    measured.push({ parked: number, finished: number / 10, megabytes: size / 2 ** 20, times })
  }
  return measured
}

async function timesIn(home: Home, parked: StoredRun, finished: StoredRun, number: number) {
  const times: { [operation: string]: number } = {}
  const time = async (operation: string, work: (sample: number) => Promise<unknown>) => {
    const all: number[] = []
    for (let sample = 0; sample < SAMPLES; sample++) {
      const begun = performance.now()
      await work(sample)
      all.push(performance.now() - begun)
    }
    times[operation] = median(all)
  }
  const idOf = ({ run }: StoredRun, number: number) =>
    run.runId.replace(/[0-9a-f]{8}$/, number.toString(16).padStart(8, '0'))
  const started: string[] = []
  await time('start', async (sample) => started.push(await start(home, `${number}-${sample}`)))
  await time('approve and continue', (sample) => approve(home, started[sample]!))
  await time('list the newest 50', () => listRuns(home, { limit: 50 }))
  await time('list 50 at a gate', () => listRuns(home, { limit: 50, status: 'paused', gate: 'SG1' }))
  await time('inbox', () => readInbox(home))
  await time('history', (sample) =>
    readRunHistory(home, { run: idOf(parked, 1 + ((sample * 7_919) % (number - 1))), verify: false }),
  )
  await time('find runs to prune', () => pruneStore(home, { olderThan: '30d' }))
  const { config, deps } = await home.app()
  const closeout = bundleDeps({ home: home.folder, store: home.store, config, interrupt: deps.interrupt })
  const into = join(home.folder, `pruned-${number}`)
  mkdirSync(into)
  // The runs that were finished here, because each number keeps its own.
  await time('prune one run', async (sample) => {
    const run = (await home.store.run(started[sample]!))!
    await pruneRunIntoBundle(closeout, home.folder, run, { into, by: 'bench' })
  })
  if ((await home.store.storedRun(idOf(finished, FINISHED + 1))) === null) throw new Error('no finished run')
  return times
}

async function backup(home: Home): Promise<number> {
  const out = join(home.folder, 'copy.db')
  const begun = performance.now()
  await backUpStore(home, { out })
  const took = performance.now() - begun
  rmSync(out)
  return took
}

async function start(home: Home, id: string): Promise<string> {
  const { runId, state, stop } = await startRun(home, {
    machine: 'waiter',
    input: { id },
    mode: 'dry-run',
    key: id,
  })
  if (state !== 'WAITS') throw new Error(`a run of the bench came to ${state}: ${JSON.stringify(stop)}`)
  return runId
}

async function approve(home: Home, run: string): Promise<void> {
  const { approvalId } = await rehearseApproval(home, { run, as: 'bench', decision: 'approve', reason: '' })
  const { state } = await resumeRun(home, { run, approval: approvalId })
  if (state !== 'DONE') throw new Error(`a run of the bench came to ${state}`)
}

async function recordOf(home: Home, runId: string): Promise<StoredRun> {
  return (await home.store.storedRun(runId))!
}

async function inHome<Result>(folder: string, work: (home: Home) => Promise<Result>): Promise<Result> {
  const interrupt = new AbortController().signal
  const home = openHome({ home: folder, cwd: folder, env: process.env, interrupt })
  try {
    return await work(home)
  } finally {
    await home.close()
  }
}
