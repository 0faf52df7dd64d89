import { CheckedRuns } from '../../src/engine/checked-runs.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { EngineDeps, InstalledMachine } from '../../src/engine/engine-deps.ts'
import { withGroupCommit } from '../../src/store/group-commit.ts'
import type { BatchingStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { machineOf } from './charts.ts'
import type { Choices } from './choices.ts'
import { assertSaved, type Heads, readClaim } from './invariants.ts'
import { type PlantedRace, type Process, Scheduler, Violation } from './scheduler.ts'
import { forget, harden, keepForAll, losePower } from './simulated-disk.ts'
import { type StoreObserver, storeOf } from './simulated-store.ts'
import { SimulatedTarget } from './simulated-target.ts'

const ON = { enabled: true, until: '2027-01-01T00:00:00.000Z', reason: 'simulated', by: 'alice' }

/** What may happen to the world at a step. */
const FAULTS = ['crash', 'stall', 'clock', 'hold', 'power'] as const

interface Fault {
  step: number
  kind: (typeof FAULTS)[number]
  whom: number
  amount: number
}

/** A process with its engine. */
export interface Living {
  process: Process
  engine: Engine
  deps: EngineDeps
  /** Whether the schedule waits for what it does. */
  isAtWork: boolean
}

export interface WorldOptions {
  /** Whether the target refuses stale attempts. */
  hasFences?: boolean
  race?: PlantedRace | null
}

/** How many processes all schedules had. */
let everyProcess = 0

/** The store of all schedules, which finds nothing of earlier ones. */
let store: BatchingStore | null = null

function openStore(): BatchingStore {
  const file = process.env.SIMULATED_STORE!
  const opened = openRunStore({ file, migrationsDirectory: process.env.MIGRATIONS! })
  void opened.setExecutionSwitch({ ...ON, at: '2026-01-01T00:00:00.000Z' })
  keepForAll()
  return opened
}

/** One store, one target, and the processes of two hosts, with what happens to them. */
export class SimulatedWorld {
  readonly scheduler: Scheduler
  readonly target: SimulatedTarget
  readonly store: BatchingStore
  living: Living[] = []
  /** The first thing that does not hold. */
  violation: Violation | null = null
  /** Called for the host of a process that died. */
  onDeath: (host: string) => void = () => {}
  private readonly choices: Choices
  private readonly heads: Heads = new Map()
  private readonly faults: Fault[]
  /** The newest entry of each run that somebody was shown. */
  private readonly shown = new Map<string, number>()
  private isHealthy = false
  private pids = 0
  private drawn = 0

  constructor(choices: Choices, { hasFences = true, race = null }: WorldOptions) {
    this.choices = choices
    this.faults = Array.from({ length: choices.below(4) }, () => ({
      step: 1 + choices.below(250),
      kind: FAULTS[choices.below(FAULTS.length)]!,
      whom: choices.below(8),
      amount: choices.below(6),
    }))
    this.scheduler = new Scheduler(choices, (step) => this.beforeStep(step), race)
    this.target = new SimulatedTarget(this.scheduler, choices, { hasFences })
    store ??= openStore()
    this.store = store
  }

  /** Empties the store. */
  end = forget

  /** Lets all work until nobody has anything to do, or something does not hold. */
  untilDone = (): Promise<void> =>
    this.scheduler.run(() => this.violation !== null || !this.living.some(({ isAtWork }) => isAtWork))

  /** From now on nothing fails. */
  heal(): void {
    this.isHealthy = true
    this.target.isHealthy = true
    this.setHold(false)
  }

  /** The runs that there are, in the order of their starts. */
  runIds = (): string[] => [...this.heads.keys()]

  /** Somebody was shown an entry of a run: no loss of power may take it back. */
  show(runId: string, seq: number): void {
    this.shown.set(runId, Math.max(seq, this.shown.get(runId) ?? 0))
  }

  /** Runs something as a process, which the schedule waits for unless the process dies. */
  script(living: Living, work: () => Promise<void>): void {
    living.isAtWork = true
    const ended = () => {
      living.isAtWork = false
    }
    this.scheduler.begin(living.process, () =>
      work()
        .catch((error) => this.note(error))
        .then(ended),
    )
  }

  note(error: unknown): void {
    this.violation ??=
      error instanceof Violation ? error : new Violation(String((error as Error).stack ?? error))
  }

  newProcess(host: string): Living {
    const pid = ++this.pids
    // No process of an earlier schedule had this id, because the engine remembers some of its own.
    const process: Process = {
      id: `p${++everyProcess}`,
      pid,
      host,
      skewMs: 0,
      isDead: false,
      stalledUntil: 0,
    }
    const { scheduler, choices } = this
    const parts = { scheduler, choices, observer: this.observer, isHealthy: () => this.isHealthy }
    const owner = { id: process.id, host, pid }
    const machines = new Map<string, InstalledMachine>()
    let engine: Engine
    const deps: EngineDeps = {
      store: withGroupCommit(storeOf(this.store, parts), () => engine.activeRuns()),
      installed: async (name) => {
        const machine = machines.get(name) ?? machineOf(name, { scheduler, choices, target: this.target })
        machines.set(name, machine)
        return machine
      },
      clock: { now: () => new Date(scheduler.now + process.skewMs) },
      randomHex: (bytes) => (++this.drawn).toString(16).padStart(2 * bytes, '0'),
      nonce: () => `nonce-${++this.drawn}`,
      owner: () => owner,
      ownerAlive: (other) => {
        const known = this.living.find(({ process }) => process.id === other.id)
        return other.host === host ? known !== undefined : 'unknown'
      },
      osUser: 'uid:1001',
      trust: {
        allowedSigners: '/nowhere',
        tools: { find: () => null } as never,
        read: async () => Buffer.from(''),
      },
      policy: () => ({ validHours: 24 }),
      allowLive: async () => true,
      caps: { runMinutes: 60, phaseMinutes: 10, phaseMinutesOf: {}, stopPhases: true, steps: 500 },
      log: { info() {}, warn() {}, error() {} },
      checked: new CheckedRuns(),
      interrupt: new AbortController().signal,
    }
    engine = createEngine(deps)
    const living = { process, engine, deps, isAtWork: false }
    this.living.push(living)
    return living
  }

  private readonly observer: StoreObserver = {
    beforeStep: (request) => readClaim(this.store, request),
    changed: async ({ step, mayBeLost }) => {
      try {
        if (step !== undefined) await assertSaved(this.store, this.target, this.heads, step)
      } catch (error) {
        this.note(error)
      }
      if (!mayBeLost) harden()
    },
  }

  kill({ process }: Living): void {
    process.isDead = true
    this.living = this.living.filter((one) => one.process !== process)
  }

  /** What the faults of this step do. Answers whether there were any. */
  private beforeStep(step: number): boolean {
    const due = this.isHealthy ? [] : this.faults.filter((fault) => fault.step === step)
    for (const { kind, whom, amount } of due) {
      const victim = this.living[whom % this.living.length]!
      if (kind === 'stall') victim.process.stalledUntil = this.scheduler.now + 15_000 * (1 + amount)
      if (kind === 'clock') victim.process.skewMs += 20_000 * (amount - 3)
      if (kind === 'crash') this.restart([victim])
      if (kind === 'hold') this.setHold(amount % 2 === 0)
      if (kind === 'power') this.losePower()
    }
    return due.length > 0
  }

  private restart(victims: Living[]): void {
    for (const victim of victims) {
      this.kill(victim)
      this.onDeath(victim.process.host)
    }
  }

  private setHold(on: boolean): void {
    const at = new Date(this.scheduler.now).toISOString()
    const entry = on
      ? ({ kind: 'on', by: 'bob', at, reason: 'wait', runId: null } as const)
      : ({ kind: 'off', by: 'bob', at, reason: null, runId: null } as const)
    void this.store.recordHold(entry).catch((error) => this.note(error))
  }

  /** All processes end, and what was not on the disk for certain is gone. What somebody was shown is there. */
  private losePower(): void {
    this.restart([...this.living])
    losePower()
    this.heads.clear()
    void this.rememberHeads().catch((error) => this.note(error))
  }

  private async rememberHeads(): Promise<void> {
    for (const run of await this.store.list({ limit: 1000 })) this.heads.set(run.runId, run)
    for (const [runId, seq] of this.shown)
      if ((this.heads.get(runId)?.seq ?? 0) < seq)
        this.note(new Violation(`${runId}: somebody was shown entry ${seq}, and a loss of power took it`))
  }
}
