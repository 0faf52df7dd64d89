import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureCold, median } from './cold.ts'
import { compareWorkers, measureInThisProcess, medianOf } from './compare.ts'
import { rawStepsPerSecond, restoresPerSecond, xstateStepsPerSecond } from './limits.ts'
import { type LiveRound, measureLive } from './live.ts'
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
}

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
    await PARTS[part]!(folder)
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

function reportCold(): void {
  const [node, ...commands] = measureCold(15)
  console.log('cold processes, wall time')
  line(node!.name, `${node!.ms.toFixed(0)} ms`)
  for (const { name, ms } of commands) line(name, `${ms.toFixed(0)} ms`, ms / node!.ms, '≤ 2.0 × node -e 0')
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

function line(what: string, value: string, ratio?: number, goal?: string): void {
  console.log(
    `  ${what.padEnd(38)}${value.padEnd(34)}${ratio === undefined ? '' : `${ratio.toFixed(2)}  (${goal})`}`,
  )
}

const rounded = (value: number) => value.toFixed(0)

void main(process.argv[2], process.argv[3])
