import { join } from 'node:path'
import { openHome } from '../../src/app/open-home.ts'
import { readRunHistory } from '../../src/service/runs/history.ts'
import { listRuns } from '../../src/service/runs/list.ts'
import { showRun } from '../../src/service/runs/show.ts'
import { addClones } from './clone-runs.ts'
import { median } from './cold.ts'
import { openShipped } from './shipped.ts'

/** Times of reading a store with a number of runs, in milliseconds: medians. */
export interface ScaleFigures {
  runs: number
  list: number
  history: number
  show: number
}

const SAMPLES = 31

/** Measures the list of the newest 50 runs, and history and record of one run, with each number of runs, which grow. */
export async function measureScale(folder: string, numbers: number[]): Promise<ScaleFigures[]> {
  const worker = await openShipped(folder)
  await worker.start('one')
  await worker.approve('one', 1)
  await worker.approve('one', 2)
  const [run] = await worker.app.store.list({ limit: 1 })
  const record = (await worker.app.store.storedRun(run!.runId))!
  await worker.close()
  const home = join(folder, 'home')
  const measured: ScaleFigures[] = []
  let made = 1
  for (const runs of numbers) {
    addClones(home, record, { from: made, to: runs })
    made = runs
    measured.push(await timesOf(home, record.run.runId, runs))
  }
  return measured
}

async function timesOf(folder: string, original: string, runs: number): Promise<ScaleFigures> {
  const home = openHome({
    home: folder,
    cwd: folder,
    env: process.env,
    interrupt: new AbortController().signal,
  })
  const ids = (sample: number) =>
    original.replace(/[0-9a-f]{8}$/, (1 + ((sample * 7_919) % (runs - 1))).toString(16).padStart(8, '0'))
  try {
    const list = await timed(async () => {
      const { runs: listed, warnings } = await listRuns(home, { limit: 50 })
      if (listed.length !== 50 || warnings.length > 0) throw new Error(`the list is wrong: ${warnings[0]}`)
    })
    const history = await timed((sample) => readRunHistory(home, { run: ids(sample), verify: false }))
    // Checks the complete record of the run.
    const show = await timed((sample) => showRun(home, { run: ids(sample) }))
    return { runs, list, history, show }
  } finally {
    await home.close()
  }
}

async function timed(work: (sample: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const begun = performance.now()
    await work(sample)
    times.push(performance.now() - begun)
  }
  return median(times)
}
