import { fileURLToPath } from 'node:url'
import { type LoadedModule, loadModule } from '../../../custom/load-module.ts'
import type { TestMachine, Trial, TrialKill, TrialReport, TrialWorld } from '../../../custom/trial.ts'
import type { Json } from '../../../domain/json.ts'
import type { Mode } from '../../../domain/run.ts'
import { compareResults, type TrialResult } from './compare-results.ts'
import { type DrivenRun, driveRun } from './drive-run.ts'
import { spread } from './spread.ts'
import { type CutPoint, countMoments, driveCutRun } from './trial-process.ts'
import { type KillPoint, newWatch, type Watch } from './watched-effects.ts'

/** What a trial's process of its own does. */
export { runTrialJob } from './trial-process.ts'

interface Subject {
  file: string
  machine: string
  trial: Trial
}

/** The most moments in one write at which a trial kills, where it names no other number. Each needs a process and a world of its own. */
const MOST_MOMENTS = 10

/** Tries a machine; see `TestMachine`. */
export const testMachine: TestMachine = (given, trial) => tryMachine(given, trial, { writes: true })

/**
 * Tries a machine, and without `writes` only its dry run.
 * @throws as `loadModule`; TOOL_MISSING without ssh-keygen
 */
export async function tryMachine(
  given: string | URL,
  trial: Trial,
  { writes }: { writes: boolean },
): Promise<TrialReport> {
  const file = given instanceof URL || given.startsWith('file:') ? fileURLToPath(given) : given
  const before = globalThis.console
  const loaded = await loadModule(file)
  globalThis.console = before
  const subject = { file: loaded.path, machine: loaded.machine.name, trial }
  const dry = await tryOnce(subject, 'dry-run', null)
  const faults = [...dry.faults]
  const report = (kills: TrialKill[], reached: string[]): TrialReport =>
    reportOf(loaded, dry.driven.states, kills, reached, faults)
  if (faults.length > 0 || !writes) return report([], [])

  const first = await tryOnce(subject, 'live', newWatch(null))
  faults.push(...first.faults)
  if (faults.length > 0) return report([], first.driven.states)
  const second = await tryOnce(subject, 'live', newWatch(null))
  const results: Results = [first.result!, second.result!]
  const kills: TrialKill[] = []
  const add = (tried: TriedKill) => {
    kills.push(tried.kill)
    faults.push(...tried.faults)
  }
  for (const [at, write] of first.watch!.writes.entries())
    for (const moment of ['before the write', 'after the write'] as const)
      add(await tryKilled(subject, write, { at, moment }, results))
  // What a write does when it dies in its middle is looked at once it keeps its word at its ends.
  if (faults.length > 0) return report(kills, first.driven.states)
  for (const [at, { write, moments }] of (await countedMoments(subject)).entries())
    for (const moment of spread(moments, trial.moments ?? MOST_MOMENTS)) {
      const tried = await tryCut(subject, write, { at, moment, of: moments }, results)
      if (tried !== null) add(tried)
    }
  return report(kills, first.driven.states)
}

function reportOf(
  { machine }: LoadedModule,
  walked: string[],
  kills: TrialKill[],
  reached: string[],
  faults: string[],
): TrialReport {
  const met = new Set([...walked, ...reached])
  const ends = ['REJECTED', 'VOIDED', 'CANCELLED']
  const notReached = Object.keys(machine.logic.root.states).filter(
    (state) => !met.has(state) && !ends.includes(state),
  )
  return {
    machine: machine.name,
    version: machine.version,
    walked,
    notReached,
    kills,
    faults: [...new Set(faults)],
  }
}

interface Try {
  driven: DrivenRun
  watch: Watch | null
  /** Null when the run did not succeed. */
  result: TrialResult | null
  faults: string[]
}

/** Drives one run in a world of its own. */
async function tryOnce({ file, machine, trial }: Subject, mode: Mode, watch: Watch | null): Promise<Try> {
  const world = await trial.world()
  try {
    const before = mode === 'dry-run' ? await readWorld(world) : null
    const driven = await driveRun({ file, machine, input: world.input, mode, watch })
    const after = await readWorld(world)
    const faults = faultsOf(driven, watch, mode)
    if (mode === 'dry-run' && JSON.stringify(before) !== JSON.stringify(after))
      faults.push('the dry run changed the world: simulate and read effects must not write')
    return { driven, watch, result: faults.length > 0 ? null : resultOf(driven, after), faults }
  } finally {
    await world.remove?.()
  }
}

const readWorld = async (world: TrialWorld): Promise<Json> => (await world.read?.()) ?? null

function faultsOf({ fault }: DrivenRun, watch: Watch | null, mode: Mode): string[] {
  const faults = [...(watch?.faults ?? [])]
  if (fault !== null) faults.push(`${mode === 'live' ? 'a live run' : 'a dry run'} did not succeed: ${fault}`)
  return faults
}

const resultOf = ({ run }: DrivenRun, world: Json): TrialResult | null =>
  run && { runId: run.runId, facts: { state: run.state, outcome: run.outcome, output: run.output, world } }

type Results = [first: TrialResult, second: TrialResult]

interface TriedKill {
  kill: TrialKill
  faults: string[]
}

const nameOf = (write: string) => write.replace(/@\d+$/, '')

const faultsOfKill = (
  killed: string,
  faults: string[],
  [first, second]: Results,
  result: TrialResult | null,
) => [
  ...faults.map((fault) => `killed ${killed}: ${fault}`),
  ...(result === null ? [] : compareResults(first, second, result)).map(
    (line) => `killed ${killed}, the result differs: ${line}`,
  ),
]

/** Drives a run whose process dies before a write or after it. */
async function tryKilled(
  subject: Subject,
  id: string,
  point: KillPoint,
  results: Results,
): Promise<TriedKill> {
  const watch = newWatch(point)
  const { faults, result } = await tryOnce(subject, 'live', watch)
  const { moment } = point
  const write = nameOf(id)
  return {
    kill: { write, moment, executed: watch.executed.get(id) ?? 0, probe: answerOf(watch) },
    faults: faultsOfKill(`${moment} ${write}`, faults, results, result),
  }
}

async function countedMoments({ file, machine, trial }: Subject) {
  const world = await trial.world()
  try {
    return await countMoments({ file, machine, input: world.input })
  } finally {
    await world.remove?.()
  }
}

/** Drives a run whose process, one of its own, dies in the middle of a write. Null when it came to its end first. */
async function tryCut(
  { file, machine, trial }: Subject,
  id: string,
  { of, ...point }: CutPoint & { of: number },
  results: Results,
): Promise<TriedKill | null> {
  const world = await trial.world()
  try {
    const watch = newWatch(null, id)
    const driven = await driveCutRun({ file, machine, input: world.input }, watch, point)
    if (driven === null) return null
    const write = nameOf(id)
    const { run } = driven
    const probe = answerOf(watch)
    // Nobody may guess. A write that its probe cannot tell is for people, and that is no fault of the machine.
    const isLeftToPeople =
      probe === 'unknown' && run?.status === 'stopped' && run.stop.code === 'STOP_OUTCOME_UNKNOWN'
    const faults = isLeftToPeople ? [] : faultsOf(driven, watch, 'live')
    const isCompared = !isLeftToPeople && faults.length === 0
    const result = isCompared ? resultOf(driven, await readWorld(world)) : null
    const place = { at: point.moment, of }
    return {
      kill: { write, moment: 'in the write', ...place, executed: watch.executed.get(id) ?? 0, probe },
      faults: faultsOfKill(`in the write ${write} (${point.moment} of ${of})`, faults, results, result),
    }
  } finally {
    await world.remove?.()
  }
}

const answerOf = ({ answer }: Watch): string | null =>
  answer === null || answer === undefined ? null : String(answer)
