import { readdirSync, readFileSync } from 'node:fs'
import { median } from './cold.ts'

/**
 * The workload that Cutter and its peers are measured by: ten durable steps of about 200 bytes each, which wait for an approval after the
 * fourth and after the seventh. Each function answers when the run waits or has ended, and everything until then is durable.
 */
export interface Worker {
  start(id: string): Promise<void>
  approve(id: string, gate: 1 | 2): Promise<void>
  /** Bytes of the store as it is after a checkpoint. Called twice: before and after the counted runs. */
  bytes(): Promise<number>
  close(): Promise<void>
}

/** What a worker did with one number of runs in flight. */
interface Throughput {
  inFlight: number
  runs: number
  runsPerSecond: number
  /** CPU time of the worker's process, in milliseconds. */
  cpuPerRun: number
  /** When it was measured, in milliseconds since 1970. */
  from: number
  to: number
}

/** All figures of one worker. Times in milliseconds. */
export interface WorkerFigures {
  name: string
  throughput: Throughput[]
  /** After half a second in which nothing happened. */
  idle: { start: number; approve: number; samples: number }
  bytesPerRun: number
  /** Of the worker's process, and of the server that it uses, where it uses one. */
  peakMegabytes: { worker: number; server: number }
}

export interface Extent {
  seconds: number
  runs: number
  idleSamples: number
}

/** The numbers of runs in flight, one after another. */
const IN_FLIGHT = (process.env.CUTTER_BENCH_IN_FLIGHT ?? '1,32,256').split(',').map(Number)

const NO_SAMPLES = { start: 0, approve: 0, samples: 0 }

/** Measures a worker. `serverPid` is the server that its store needs; null where it needs none. */
export async function measureWorker(
  name: string,
  worker: Worker,
  serverPid: number | null,
  { seconds, runs, idleSamples }: Extent,
): Promise<WorkerFigures> {
  let server = 0
  const sampling = setInterval(() => {
    if (serverPid !== null) server = Math.max(server, proportionalMegabytes(serverPid))
  }, 500)
  await inFlight(worker, 'warm', { together: 32, runs: 64, seconds: 30 })
  const before = await worker.bytes()
  const throughput: Throughput[] = []
  let counted = 0
  for (const together of IN_FLIGHT) {
    const measured = await inFlight(worker, `of-${together}`, { together, runs, seconds })
    counted += measured.runs
    throughput.push(measured)
  }
  const idle = idleSamples === 0 ? NO_SAMPLES : await afterIdle(worker, idleSamples)
  const after = await worker.bytes()
  clearInterval(sampling)
  return {
    name,
    throughput,
    idle,
    bytesPerRun: (after - before) / (counted + idleSamples),
    peakMegabytes: { worker: process.resourceUsage().maxRSS / 1024, server },
  }
}

async function inFlight(
  worker: Worker,
  prefix: string,
  { together, runs, seconds }: { together: number; runs: number; seconds: number },
): Promise<Throughput> {
  let begun = 0
  const from = Date.now()
  const at = performance.now()
  const cpu = process.cpuUsage()
  const isOver = () => begun >= runs || performance.now() - at > seconds * 1_000
  const one = async () => {
    while (!isOver()) {
      const id = `${prefix}-${begun++}`
      await worker.start(id)
      await worker.approve(id, 1)
      await worker.approve(id, 2)
    }
  }
  await Promise.all(Array.from({ length: together }, one))
  const elapsed = (performance.now() - at) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    inFlight: together,
    runs: begun,
    runsPerSecond: begun / elapsed,
    cpuPerRun: (user + system) / 1_000 / begun,
    from,
    to: Date.now(),
  }
}

async function afterIdle(worker: Worker, samples: number): Promise<WorkerFigures['idle']> {
  const starts: number[] = []
  const approvals: number[] = []
  for (let sample = 0; sample < samples; sample += 1) {
    const id = `idle-${sample}`
    starts.push(await afterNap(() => worker.start(id)))
    approvals.push(await afterNap(() => worker.approve(id, 1)))
    await worker.approve(id, 2)
  }
  return { start: median(starts), approve: median(approvals), samples }
}

async function afterNap(work: () => Promise<void>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500))
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** The memory of a process and all that it started, each shared page counted once. 0 where the system does not tell. */
function proportionalMegabytes(pid: number): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((text) => /^\d+$/.test(text))) {
    const stat = read(`/proc/${name}/stat`)
    if (stat !== null) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const isOf = (one: number): boolean => one === pid || (parents.has(one) && isOf(parents.get(one)!))
  const kilobytes = [...parents.keys()]
    .filter(isOf)
    .map((one) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${one}/smaps_rollup`) ?? '')?.[1] ?? 0))
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}
