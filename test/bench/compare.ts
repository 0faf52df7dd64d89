import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/app/package-paths.ts'
import { median } from './cold.ts'
import { startServer } from './server.ts'
import { folderBytes, openShipped } from './shipped.ts'
import { type Extent, measureWorker, type Worker, type WorkerFigures } from './workload.ts'

/** The figures of what ships, and of DBOS where a folder with its packages is named. Each round has a process for each worker. */
export interface Comparison {
  cutter: WorkerFigures[]
  dbos: WorkerFigures[]
  /** Bytes of `var/runs` a run: heads, and the reports of the runs that were moved last. */
  reportBytesPerRun: number
}

/** Where the packages of peers are installed: a folder with node_modules. They are no part of the project's own installation. */
const PEERS = process.env.CUTTER_BENCH_PEERS

/** Seconds and runs for each number in flight, and samples after idle time. */
const [seconds, runs, idleSamples] = (process.env.CUTTER_BENCH_EXTENT ?? '6,1500,40').split(',').map(Number)
const EXTENT: Extent = { seconds: seconds!, runs: runs!, idleSamples: idleSamples! }

/** Measures in interleaved rounds. */
export function compareWorkers(rounds: number): Comparison {
  const measured: Comparison = { cutter: [], dbos: [], reportBytesPerRun: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const own = inOwnProcess('cutter')
    measured.cutter.push(own)
    measured.reportBytesPerRun = own.reportBytesPerRun
    if (PEERS !== undefined) measured.dbos.push(inOwnProcess('dbos'))
  }
  return measured
}

/** The median of a figure over the rounds; null where none was measured. */
export function medianOf(rounds: WorkerFigures[], figure: (one: WorkerFigures) => number): number | null {
  return rounds.length === 0 ? null : median(rounds.map(figure))
}

function inOwnProcess(worker: 'cutter' | 'dbos'): WorkerFigures & { reportBytesPerRun: number } {
  const args = [...process.execArgv, __filename, 'worker', worker]
  const answer = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(answer.trim().split('\n').at(-1)!)
}

/** Measures one worker in this process, and prints its figures as a line of JSON. */
export async function measureInThisProcess(worker: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-bench-'))
  // A server of root runs as another user, who must be able to enter.
  chmodSync(folder, 0o755)
  try {
    console.log(JSON.stringify(await (worker === 'dbos' ? dbosFigures : ownFigures)(folder, EXTENT)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ownFigures(folder: string, extent: Extent) {
  const worker = await openShipped(folder)
  const figures = await measureWorker('Cutter', worker, null, extent)
  await worker.app.writeReports()
  const runs = (await worker.app.store.list({ limit: 1_000_000 })).length
  await worker.close()
  return { ...figures, reportBytesPerRun: folderBytes(join(folder, 'home', 'var', 'runs')) / runs }
}

async function dbosFigures(folder: string, extent: Extent) {
  const { server, port } = await startServer(folder)
  try {
    await server.createDatabase('bench')
    // The child of this process that is the server: its memory counts as the worker's own.
    const pid = (server as unknown as { process?: { pid?: number } }).process?.pid ?? null
    const { openDbos } = (await import(join(packageRoot(), 'test', 'bench', 'peers', 'dbos.mjs'))) as {
      openDbos(folder: string, url: string): Promise<Worker>
    }
    const worker = await openDbos(PEERS!, `postgresql://postgres:bench@127.0.0.1:${port}/bench`)
    const figures = await measureWorker('DBOS', worker, pid, extent)
    await worker.close()
    return { ...figures, reportBytesPerRun: 0 }
  } finally {
    await server.stop()
  }
}
