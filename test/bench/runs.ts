import { statSync } from 'node:fs'
import { join } from 'node:path'
import { cut } from '../../machines/cut.ts'
import { migrationsDirectory, writerThreadFile } from '../../src/app/package-paths.ts'
import { definitionDigest } from '../../src/builtin/builtin-machine.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { Effect } from '../../src/domain/effect.ts'
import type { Run } from '../../src/domain/run.ts'
import { createEngine } from '../../src/engine/engine.ts'
import type { EngineDeps, InstalledMachine } from '../../src/engine/engine-deps.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { withGroupCommit } from '../../src/store/group-commit.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'

/** The speed of the real engine and store with the cut's chart, whose effects return at once. */
export interface Rate {
  stepsPerSecond: number
  runsPerSecond: number
  bytesPerRun: number
}

const PHASES = [
  'source_pin',
  'mark',
  'cutplan',
  'pre_write_backup',
  'grant_probe',
  'recheck_cut',
  'cut_leg_a',
]
const LATER = [
  'structural_verify',
  'leg_b_record',
  'write_verify',
  'recheck_lifecycle',
  'lifecycle_enact',
  'closeout',
]

/** Runs before the first one that is counted: until the thread that saves has started and the journal has grown to its size. */
const WARMING_UP = 32

/**
 * Measures runs through both gates, `inFlight` at a time. The time does not count making the approvals. It counts the checks of a
 * resume (reading the run's record, checking its chain, replaying it) only with `checkRecords`.
 */
export async function measureRuns(
  folder: string,
  inFlight: number,
  rounds: number,
  { checkRecords = false } = {},
): Promise<Rate> {
  const file = join(folder, `ours-${inFlight}-${Math.random()}.db`)
  let atWork = 0
  let steps = 0
  const plain = openRunStore({
    file,
    migrationsDirectory: migrationsDirectory('store/sqlite'),
    writerThread: writerThreadFile(),
  })
  const deps = benchDeps(
    withGroupCommit(plain, () => atWork),
    checkRecords,
    () => {
      steps += 1
    },
  )
  const engine = createEngine(deps)
  let elapsed = 0
  const together = async (task: (index: number) => Promise<Run>) => {
    const begun = performance.now()
    atWork = inFlight
    const runs = await Promise.all(Array.from({ length: inFlight }, (_, index) => task(index)))
    atWork = 0
    elapsed += performance.now() - begun
    return runs
  }
  const warmingUp = Math.ceil(WARMING_UP / inFlight)
  for (let round = -warmingUp; round < rounds; round += 1) {
    if (round === 0) {
      elapsed = 0
      steps = 0
    }
    let runs = await together(() =>
      engine.start('cut', { document: 'BENCH', source: '/bench' }, { mode: 'dry-run' }),
    )
    for (const end of ['AWAITING_LIFECYCLE_AUTHORIZATION', 'CLOSEOUT_REPORTED']) {
      const approvals: Approval[] = []
      for (const run of runs)
        approvals.push(
          await rehearseApproval(deps, run.runId, { as: 'bench', decision: 'approve', reason: '' }),
        )
      runs = await together((index) =>
        engine.resume(runs[index]!.runId, { approvalId: approvals[index]!.approvalId }),
      )
      if (runs.some((run) => run.state !== end)) throw new Error(`a run of the bench did not reach ${end}`)
    }
  }
  await plain.close()
  const seconds = elapsed / 1_000
  const runs = inFlight * rounds
  return {
    stepsPerSecond: steps / seconds,
    runsPerSecond: runs / seconds,
    bytesPerRun: statSync(file).size / (runs + warmingUp * inFlight),
  }
}

function benchDeps(store: EngineDeps['store'], checkRecords: boolean, onStep: () => void): EngineDeps {
  const effects = Object.fromEntries([...PHASES, ...LATER].map((name) => [name, emptyEffect(name)]))
  const installed: InstalledMachine = {
    machine: { ...cut, definitionDigest: definitionDigest(cut) },
    effects,
    admit: async (input) => input,
  }
  let minted = 0
  const owner = { id: 'bench', host: 'here', pid: process.pid }
  return {
    store,
    installed: async () => installed,
    clock: { now: () => new Date() },
    randomHex: () => (minted++).toString(16).padStart(8, '0'),
    nonce: () => `nonce-${minted++}`,
    owner: () => owner,
    ownerAlive: () => true,
    osUser: 'bench',
    trust: { allowedSigners: '/nowhere' },
    policy: () => ({ validHours: 24 }),
    allowLive: async () => false,
    caps: { runMinutes: 60, phaseMinutes: 10, steps: 10_000 },
    log: { info() {}, warn() {}, error() {} } as unknown as EngineDeps['log'],
    onStep,
    checkRecords,
    interrupt: new AbortController().signal,
  }
}

const anything = { parse: (value: unknown) => value } as unknown as Effect['input']

function emptyEffect(name: string): Effect {
  const output = { planDigest: `sha256:${'0'.repeat(64)}` }
  return {
    name,
    kind: 'read',
    input: anything,
    output: anything,
    execute: async () => ({ output }),
  } as Effect
}
