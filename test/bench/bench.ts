import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureCold, median } from './cold.ts'
import { rawStepsPerSecond, restoresPerSecond, xstateStepsPerSecond } from './limits.ts'
import { type LiveRound, measureLive } from './live.ts'
import { measureRuns, type Rate } from './runs.ts'
import { aLaw, measureScan } from './scan.ts'

/**
 * `npm run bench`: ratios against the machine's own limits, taken interleaved in the same run, medians over rounds. It reports
 * and fails on nothing: a figure of one machine is no test.
 */
const ROUNDS = 5

const PARTS: Record<string, (folder: string) => void | Promise<void>> = {
  steps: reportSteps,
  cold: reportCold,
  documents: reportScan,
  live: reportLive,
}

/** Each part in a process of its own, as commands are: what one leaves in memory is not the next one's to clear away. */
async function main(part: string | undefined): Promise<void> {
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
  line('raw SQLite, one step a transaction', `${whole(median(raw))} steps/s`)
  line('raw SQLite, 256 steps a transaction', `${whole(median(rawGrouped))} steps/s`)
  line('XState: transition, persist, JSON', `${whole(xstateStepsPerSecond(1))} steps/s`)
  line('XState: restore', `${whole(restoresPerSecond(1))} /s`)
  console.log('\nthe engine on the cut’s chart, with empty effects')
  line(
    'one run in flight',
    `${whole(steps(one))} steps/s, ${whole(runs(one))} runs/s`,
    steps(one) / median(raw),
    '≥ 0.45 of raw',
  )
  line(
    '256 runs in flight',
    `${whole(steps(many))} steps/s, ${whole(runs(many))} runs/s`,
    steps(many) / median(rawGrouped),
    '≥ 0.55 of raw',
  )
  line(
    '… with each record checked at resume',
    `${whole(steps(checked))} steps/s, ${whole(runs(checked))} runs/s`,
    steps(checked) / median(rawGrouped),
    'no goal',
  )
  line('bytes a run', whole(median(many.map(({ bytesPerRun }) => bytesPerRun))))
}

function reportCold(): void {
  const [node, ...commands] = measureCold(15)
  console.log('cold processes, wall time')
  line(node!.name, `${node!.ms.toFixed(0)} ms`)
  for (const { name, ms } of commands) line(name, `${ms.toFixed(0)} ms`, ms / node!.ms, '≤ 2.0 × node -e 0')
}

function reportScan(): void {
  const law = aLaw(50)
  const rates = Array.from({ length: ROUNDS }, () => measureScan(law))
  console.log('documents, CPU time')
  line(
    'scanning, 50 MB of Markdown',
    `${whole(median(rates.map(({ megabytesPerSecond }) => megabytesPerSecond)))} MB/s`,
    median(rates.map(({ ratio }) => ratio)),
    '≥ 0.20 of NFC and SHA-256',
  )
}

const UNITS = 10_000

async function reportLive(): Promise<void> {
  const rounds = await measureLive(UNITS, ROUNDS)
  const of = (figure: (round: LiveRound) => number) => median(rounds.map(figure))
  const units = (seconds: number) => `${whole(UNITS / seconds)} units/s`
  console.log(`a live cut of ${UNITS} units against INSERT … SELECT of its rows, wall time`)
  line('INSERT … SELECT, then into force', units(of(({ plain }) => plain.whole)))
  line(
    'the phases, start to closeout',
    units(of(({ phases }) => phases)),
    of(({ phases, plain }) => phases / plain.whole),
    '≤ 3.0 ×',
  )
  line(
    'with all that is done at gates',
    units(of((round) => round.whole)),
    of((round) => round.whole / round.plain.whole),
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

const whole = (value: number) => value.toFixed(0)

void main(process.argv[2])
