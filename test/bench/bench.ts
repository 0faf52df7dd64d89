import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureCold, median } from './cold.ts'
import { compareWorkers, measureInThisProcess, medianOf } from './compare.ts'
import { DEPLOYS, measureDeploys } from './deploy.ts'
import { measureGrouped } from './grouped-steps.ts'
import { rawStepsPerSecond, restoresPerSecond, xstateStepsPerSecond } from './limits.ts'
import { type LiveRound, measureLive } from './live.ts'
import { measureParked } from './parked.ts'
import { measureRuns, type Rate } from './runs.ts'
import { measureScale } from './scale.ts'
import { aLaw, measureScan } from './scan.ts'

/**
 * `npm run bench` reports ratios to the machine's own limits: medians over interleaved rounds of the same run. It never fails, because
 * a figure of one machine proves nothing about another.
 */
const ROUNDS = 5

const PARTS: Record<string, (folder: string) => void | Promise<void>> = {
  shipped: reportShipped,
  steps: reportSteps,
  cold: reportCold,
  scale: reportScale,
  documents: reportScan,
  live: reportLive,
  deploys: reportDeploys,
}

/** Parts that run only when they are named: `npm run bench -- parked`. */
const NAMED_PARTS: typeof PARTS = { parked: reportParked, postgres: reportPostgres }

/** Runs each part in a process of its own, as commands are, so that no part collects the garbage of another. */
async function main(part: string | undefined, worker: string | undefined): Promise<void> {
  if (worker !== undefined) return measureInThisProcess(worker)
  if (part === undefined) {
    console.log(
      `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; medians of ${ROUNDS} interleaved rounds`,
    )
    for (const name of Object.keys(PARTS))
      execFileSync(process.execPath, [...process.execArgv, __filename, name], { stdio: 'inherit' })
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'cutter-bench-'))
  try {
    console.log('')
    await { ...PARTS, ...NAMED_PARTS }[part]!(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The headline: what a user gets, through `openApp` with all defaults. */
function reportShipped(): void {
  const { cutter, dbos, reportBytesPerRun } = compareWorkers(2)
  console.log('what ships: a user’s own machine of ten steps and two gates, all defaults on')
  const compared = (
    what: string,
    unit: string,
    figure: Parameters<typeof medianOf>[1],
    goal: string,
    digits = 0,
  ) => {
    const [ours, theirs] = [medianOf(cutter, figure)!, medianOf(dbos, figure)]
    const peer = theirs === null ? '' : `, DBOS ${theirs.toFixed(digits)}`
    const text = `${ours.toFixed(digits)} ${unit}${peer}`
    if (theirs === null) line(what, text)
    else line(what, text, ours / theirs, `${goal} DBOS`)
  }
  for (const [index, inFlight] of [1, 32, 256].entries())
    compared(
      `${inFlight} in flight`,
      'runs/s',
      ({ throughput }) => throughput[index]!.runsPerSecond,
      inFlight === 1 ? '≥ 3.0 ×' : '≥ 5.0 ×',
    )
  compared('after idle: start → pause', 'ms', ({ idle }) => idle.start, 'no goal, ×', 1)
  compared('after idle: approve → pause', 'ms', ({ idle }) => idle.approve, '≤ 0.7 ×', 1)
  compared('bytes a finished run', 'bytes', ({ bytesPerRun }) => bytesPerRun, '≤ 10,000 bytes; ×')
  compared(
    'peak memory, with the server',
    'MB',
    ({ peakMegabytes }) => peakMegabytes.worker + peakMegabytes.server,
    '≤ 0.9 ×',
  )
  line('var/runs a run, apart from the store', `${rounded(reportBytesPerRun)} bytes`)
}

async function reportSteps(folder: string): Promise<void> {
  const raw: number[] = []
  const rawGrouped: number[] = []
  const one: Rate[] = []
  const many: Rate[] = []
  const checked: Rate[] = []
  await measureRuns(folder, 32, 2)
  for (let round = 0; round < ROUNDS; round += 1) {
    raw.push(rawStepsPerSecond(folder, 1, 1))
    one.push(await measureRuns(folder, 1, 120))
    rawGrouped.push(rawStepsPerSecond(folder, 256, 1))
    many.push(await measureRuns(folder, 256, 6))
    checked.push(await measureRuns(folder, 256, 2, { checkRecords: true }))
  }
  const steps = (rates: Rate[]) => median(rates.map(({ stepsPerSecond }) => stepsPerSecond))
  const runs = (rates: Rate[]) => median(rates.map(({ runsPerSecond }) => runsPerSecond))
  console.log('limits of this machine')
  line('raw SQLite, one step a transaction', `${rounded(median(raw))} steps/s`)
  line('raw SQLite, 256 steps a transaction', `${rounded(median(rawGrouped))} steps/s`)
  line('XState: transition, persist, JSON', `${rounded(xstateStepsPerSecond(1))} steps/s`)
  line('XState: restore', `${rounded(restoresPerSecond(1))} /s`)
  console.log('\nthe engine on the cut’s chart, with empty effects')
  line(
    'one run in flight',
    `${rounded(steps(one))} steps/s, ${rounded(runs(one))} runs/s`,
    steps(one) / median(raw),
    '≥ 0.45 of raw',
  )
  line(
    '256 runs in flight',
    `${rounded(steps(many))} steps/s, ${rounded(runs(many))} runs/s`,
    steps(many) / median(rawGrouped),
    '≥ 0.55 of raw',
  )
  line(
    '… with each record checked at resume',
    `${rounded(steps(checked))} steps/s, ${rounded(runs(checked))} runs/s`,
    steps(checked) / median(rawGrouped),
    'no goal',
  )
  line('bytes a run', rounded(median(many.map(({ bytesPerRun }) => bytesPerRun))))
}

async function reportCold(): Promise<void> {
  const measured = await measureCold(15)
  console.log('cold processes, wall time, and time of processors')
  let node = measured[0]!
  for (const { name, ms, cpuMs } of measured) {
    const isNode = name.startsWith('node -e 0')
    if (isNode) node = { name, ms, cpuMs }
    const goal = name.endsWith('(service)') ? '≤ 1.3 × node -e 0' : '≤ 2.0 × node -e 0'
    if (isNode) line(name, `${ms.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms`)
    else {
      line(name, `${ms.toFixed(0)} ms`, ms / node.ms, goal)
      line(`${name}, processors`, `${cpuMs.toFixed(0)} ms`, cpuMs / node.cpuMs, goal)
    }
  }
}

/** With `CUTTER_BENCH_RUNS=1000000` a million runs are made, which takes a quarter of an hour. */
async function reportScale(folder: string): Promise<void> {
  const [few, many] = await measureScale(folder, [1_000, Number(process.env.CUTTER_BENCH_RUNS ?? 100_000)])
  console.log(`reading one store of ${few!.runs} and then of ${many!.runs} runs`)
  for (const [what, name] of [
    ['the newest 50 runs', 'list'],
    ['the history of one run', 'history'],
    ['one run, its record checked', 'show'],
  ] as const)
    line(
      what,
      `${few![name].toFixed(1)} ms, ${many![name].toFixed(1)} ms`,
      many![name] / few![name],
      '≤ 2.0 ×',
    )
}

/**
 * A million parked runs and 100,000 finished ones; CUTTER_BENCH_PARKED=20000 takes fewer. A backup checks every run of the copy, so its time is that of
 * 1,000 runs; CUTTER_BENCH_BACKUP=no leaves it out.
 */
async function reportParked(folder: string): Promise<void> {
  const most = Number(process.env.CUTTER_BENCH_PARKED ?? 1_000_000)
  const hasBackup = process.env.CUTTER_BENCH_BACKUP !== 'no'
  const [few, many] = await measureParked(folder, [1_000, most], hasBackup)
  const text = ({ parked, finished, megabytes }: typeof few & object) =>
    `${parked} parked and ${finished} finished runs (${rounded(megabytes)} MB)`
  console.log(`a store of ${text(few!)} and then of ${text(many!)}, medians`)
  for (const [what, ms] of Object.entries(few!.times)) {
    const later = many!.times[what]!
    line(what, `${ms.toFixed(1)} ms, ${later.toFixed(1)} ms`, later / ms, '≤ 2.0 ×')
  }
}

async function reportPostgres(folder: string): Promise<void> {
  // A server of root runs as another user, who must be able to enter.
  chmodSync(folder, 0o755)
  const figures = await measureGrouped(folder, ROUNDS)
  console.log('steps in groups, in PostgreSQL')
  for (const { sessions, steps, perSecond, unguarded } of figures)
    line(
      `${steps} in a group, ${sessions} session${sessions === 1 ? '' : 's'}`,
      `${rounded(perSecond)} steps/s`,
      perSecond / unguarded,
      '≥ 0.8 of the same tables, unguarded',
    )
  const { starts, full, perSecond } = figures[1]!
  line(
    'first steps, 128 in a group',
    `${rounded(starts)} steps/s`,
    starts / perSecond,
    'no goal, of later steps',
  )
  line(
    'with evidence, timer and message',
    `${rounded(full)} steps/s`,
    full / perSecond,
    'no goal, of later steps',
  )
}

function reportScan(): void {
  const law = aLaw(50)
  const rates = Array.from({ length: ROUNDS }, () => measureScan(law))
  console.log('documents, CPU time')
  line(
    'scanning, 50 MB of Markdown',
    `${rounded(median(rates.map(({ megabytesPerSecond }) => megabytesPerSecond)))} MB/s`,
    median(rates.map(({ ratio }) => ratio)),
    '≥ 0.36 of NFC and SHA-256',
  )
}

const UNITS = 10_000

async function reportLive(): Promise<void> {
  const rounds = await measureLive(UNITS, ROUNDS)
  const of = (figure: (round: LiveRound) => number) => median(rounds.map(figure))
  const units = (seconds: number) => `${rounded(UNITS / seconds)} units/s`
  console.log(`a live cut of ${UNITS} units against INSERT … SELECT of its rows, wall time`)
  line('INSERT … SELECT, then into force', units(of(({ plain }) => plain.total)))
  line(
    'the phases, start to closeout',
    units(of(({ phases }) => phases)),
    of(({ phases, plain }) => phases / plain.total),
    '≤ 3.0 ×',
  )
  line(
    'with all that is done at gates',
    units(of((round) => round.total)),
    of((round) => round.total / round.plain.total),
    'no goal',
  )
  line(
    'the phases by the inserts alone',
    units(of(({ plain }) => plain.inserts)),
    of(({ phases, plain }) => phases / plain.inserts),
    'no goal',
  )
}

async function reportDeploys(): Promise<void> {
  console.log('a live deploy against git archive | ssh tar x, over loopback, wall time')
  for (const [name, { shape, goal }] of Object.entries(DEPLOYS)) {
    const found = await measureDeploys(shape, ROUNDS)
    if (found === null) return line(name, 'skipped: no OpenSSH server is installed')
    const { plain, start, resume } = found
    line(
      name,
      `${start.toFixed(2)} + ${resume.toFixed(2)} s, ${plain.toFixed(2)} s`,
      (start + resume) / plain,
      goal,
    )
  }
}

function line(what: string, value: string, ratio?: number, goal?: string): void {
  console.log(
    `  ${what.padEnd(38)}${value.padEnd(34)}${ratio === undefined ? '' : `${ratio.toFixed(2)}  (${goal})`}`,
  )
}

const rounded = (value: number) => value.toFixed(0)

void main(process.argv[2], process.argv[3])
