import { fileURLToPath } from 'node:url'
import { type LoadedModule, loadModule } from '../../../custom/load-module.ts'
import type { TestMachine, Trial, TrialKill, TrialReport, TrialWorld } from '../../../custom/trial.ts'
import type { Json } from '../../../domain/json.ts'
import type { Mode } from '../../../domain/run.ts'
import { compareResults, type TrialResult } from './compare-results.ts'
import { type DrivenRun, driveRun } from './drive-run.ts'
import { type KillPoint, newWatch, type Watch } from './watched-effects.ts'

interface Subject {
  file: string
  machine: string
  trial: Trial
}

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
  const kills: TrialKill[] = []
  for (const [at, id] of first.watch!.writes.entries()) {
    for (const moment of ['before the write', 'after the write'] as const) {
      const killed = await tryKilled(subject, { at, moment }, [first.result!, second.result!])
      kills.push({ write: id.replace(/@\d+$/, ''), moment, executed: killed.executed })
      faults.push(...killed.faults)
    }
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
    const faults = [...(watch?.faults ?? [])]
    if (driven.fault !== null)
      faults.push(`${mode === 'live' ? 'a live run' : 'a dry run'} did not succeed: ${driven.fault}`)
    if (mode === 'dry-run' && JSON.stringify(before) !== JSON.stringify(after))
      faults.push('the dry run changed the world: simulate and read effects must not write')
    const { run } = driven
    const result =
      run === null || faults.length > 0
        ? null
        : {
            runId: run.runId,
            facts: { state: run.state, outcome: run.outcome, output: run.output, world: after },
          }
    return { driven, watch, result, faults }
  } finally {
    await world.remove?.()
  }
}

const readWorld = async (world: TrialWorld): Promise<Json> => (await world.read?.()) ?? null

async function tryKilled(
  subject: Subject,
  point: KillPoint,
  [first, second]: [TrialResult, TrialResult],
): Promise<{ executed: number; faults: string[] }> {
  const watch = newWatch(point)
  const { faults, result } = await tryOnce(subject, 'live', watch)
  const id = watch.writes[point.at] ?? ''
  const killed = `killed ${point.moment} ${id.replace(/@\d+$/, '')}`
  const differences = result === null ? [] : compareResults(first, second, result)
  return {
    executed: watch.executed.get(id) ?? 0,
    faults: [
      ...faults.map((fault) => `${killed}: ${fault}`),
      ...differences.map((line) => `${killed}, the result differs: ${line}`),
    ],
  }
}
