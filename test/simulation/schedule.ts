import type { Approval, Decision } from '../../src/domain/approval.ts'
import { CutterError } from '../../src/domain/errors.ts'
import type { Mode, Run } from '../../src/domain/run.ts'
import { composeStatementText, importApproval } from '../../src/engine/manage-approvals.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { MACHINES } from './charts.ts'
import type { Choices } from './choices.ts'
import { assertTrueCloseout } from './invariants.ts'
import { type Scheduler, setScheduler, Violation } from './scheduler.ts'
import { signatureOf } from './simulated-signatures.ts'
import { type Living, SimulatedWorld, type WorldOptions } from './simulated-world.ts'

/** Answers that a command may get in a world in which things fail and others are at work. */
const EXPECTED = new Set([
  'RUN_HELD',
  'STORE_CONFLICT',
  'STORE_UNWRITABLE',
  'ON_HOLD',
  'APPROVAL_REQUIRED',
  'APPROVAL_REFUSED',
  'APPROVAL_NOT_FOUND',
  'EVENT_REFUSED',
  'RUN_CLOSED',
  'RUN_NOT_FOUND',
  'LIVE_REFUSED',
])

/** One schedule: a few processes that start, approve, resume and cancel runs while things fail; then all is healed, and every run must close. */
export class Schedule {
  readonly scheduler: Scheduler
  private readonly world: SimulatedWorld
  private readonly choices: Choices
  private readonly machine: string
  private readonly mode: Mode
  private readonly approvals: Approval[] = []

  constructor(choices: Choices, options: WorldOptions = {}) {
    this.choices = choices
    this.machine = MACHINES[choices.below(MACHINES.length)]!
    this.mode = choices.below(6) === 5 ? 'dry-run' : 'live'
    this.world = new SimulatedWorld(choices, options)
    this.world.onDeath = (host) => this.live(host, 2)
    this.scheduler = this.world.scheduler
  }

  /** @throws Violation with the first invariant that does not hold */
  async run(): Promise<void> {
    const { world, choices } = this
    setScheduler(this.scheduler)
    try {
      const count = 1 + choices.below(3)
      for (let n = 0; n < count; n++) this.live(n % 2 === 0 ? 'here' : 'there', 1 + choices.below(3))
      await world.untilDone()
      if (world.violation === null) await this.heal()
    } catch (error) {
      world.note(error)
    } finally {
      setScheduler(null)
      world.end()
    }
    if (world.violation !== null) throw world.violation
  }

  private live(host: string, actions: number): void {
    const living = this.world.newProcess(host)
    this.world.script(living, () => this.work(living, actions))
  }

  /** A process gives some commands, one after the other. */
  private async work(living: Living, actions: number): Promise<void> {
    for (let n = 0; n < actions; n++) {
      await this.scheduler.pause()
      await this.tried(() => this.act(living, this.choices.below(8)))
    }
  }

  private async act(living: Living, which: number): Promise<Run | undefined> {
    const { choices, scheduler } = this
    const { engine } = living
    const runIds = this.world.runIds()
    const chosen = runIds[choices.below(Math.max(1, runIds.length))]
    const run = chosen === undefined ? null : await living.deps.store.run(chosen)
    if (run === null || which === 0) {
      const { machine, mode } = this
      // With a key all processes start one run, and work on it at once.
      const key = choices.below(5) === 4 ? {} : { key: 'the same' }
      return engine.start(machine, {}, { mode, ...key, by: 'deploybot' })
    }
    if (which === 1) return engine.cancel(run.runId, { reason: 'not wanted', by: 'deploybot' })
    if (which === 2) {
      await scheduler.await(-5, new Promise<void>((resolve) => void scheduler.after(40_000, resolve)))
      return undefined
    }
    if (which === 3) return engine.resume(run.runId, { by: 'deploybot', ...this.anyApproval() })
    if (run.status !== 'paused') return engine.resume(run.runId, { by: 'deploybot' })
    const approval = await this.approve(living, run, choices.rarely(0.1, 3))
    return engine.resume(run.runId, { approvalId: approval.approvalId, by: 'deploybot' })
  }

  /** An approval of anything: it may be used, of another run, or of an earlier arrival. */
  private anyApproval(): { approvalId?: string } {
    const approval = this.approvals[this.choices.below(this.approvals.length + 1)]
    return approval === undefined ? {} : { approvalId: approval.approvalId }
  }

  private async approve({ deps }: Living, run: Run, decision: number): Promise<Approval> {
    const as = 'alice@example.org'
    const decisions: Decision[] = ['approve', 'reject', 'void']
    const text = await composeStatementText(deps, run.runId, {
      as,
      decision: decisions[decision]!,
      reason: 'read and agreed',
    })
    const { approval } = await importApproval(deps, text, signatureOf(as, text))
    this.approvals.push(approval)
    return approval
  }

  /** Only expected refusals may be answers. What is answered was shown to somebody. */
  private async tried(work: () => Promise<Run | undefined>): Promise<void> {
    try {
      const answer = await work()
      if (answer !== undefined) this.world.show(answer.runId, answer.seq)
    } catch (error) {
      if (error instanceof Violation) throw error
      const code = error instanceof CutterError ? error.code : 'none'
      if (!EXPECTED.has(code)) throw new Violation(`a command ends with ${code}: ${(error as Error).stack}`)
    }
  }

  /** Nothing fails any more. Every open run must close, and say what is true. */
  private async heal(): Promise<void> {
    const { world, scheduler } = this
    const leaves = this.choices.below(4) > 0
    if (leaves) for (const living of [...world.living]) world.kill(living)
    world.heal()
    // Leases end, and what the target was still doing has ended.
    let isOver = false
    scheduler.after(20 * 60_000, () => (isOver = true), null)
    await scheduler.run(() => isOver)
    scheduler.isQuiet = leaves
    const living = world.newProcess('here')
    world.script(living, () => this.closeAll(living))
    await world.untilDone()
  }

  private async closeAll(living: Living): Promise<void> {
    let last: unknown = null
    const note = (error: unknown) => {
      last = error
    }
    for (const { runId } of await living.deps.store.list({ limit: 1000 })) {
      for (let round = 0; round < 12; round++) {
        const run = (await living.deps.store.run(runId))!
        if (run.status === 'closed') break
        await this.closeOne(this.holderOf(last) ?? living, run).catch(note)
      }
    }
    await this.assertAllClosed(living, last)
  }

  /** The process that an answer names as the holder of a run: it lives, so it is the one to continue. */
  private holderOf(error: unknown): Living | undefined {
    const holder = (error as CutterError | null)?.data?.holder as { pid: number } | undefined
    return this.world.living.find(({ process }) => process.pid === holder?.pid)
  }

  private async closeOne(living: Living, run: Run): Promise<void> {
    const approval = run.status === 'paused' ? await this.approve(living, run, 0) : null
    await living.engine.resume(run.runId, {
      by: 'deploybot',
      ...(approval !== null && { approvalId: approval.approvalId }),
    })
  }

  /** The history of a run in short, for people. */
  private async describe({ runId }: Run): Promise<string> {
    const history = await this.world.store.history(runId)
    const lines = history.map(({ seq, at, event, state, status }) => {
      const { type, attempt, committed, ran, error, approvalId } = event as { [field: string]: unknown }
      const code = (error as { code?: string } | undefined)?.code
      return JSON.stringify({ seq, at, type, attempt, committed, ran, code, approvalId, state, status })
    })
    const inFlight = [...(await this.world.store.effects(runId)), ...(await this.world.store.timers(runId))]
    return [...lines, ...inFlight.map((row) => JSON.stringify(row))].join('\n')
  }

  private async assertAllClosed({ deps }: Living, last: unknown): Promise<void> {
    for (const run of await deps.store.list({ limit: 1000 })) {
      if (run.status !== 'closed')
        throw new Violation(
          `${run.runId} (${run.machine}, ${run.mode}) has no way on: ${run.status} in ${run.state}; ${(last as Error)?.stack}\n${await this.describe(run)}`,
        )
      await verifyRun(deps, run.runId)
      await assertTrueCloseout(this.world.store, this.world.target, run)
    }
  }
}
