import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Home } from '../../../src/app/open-home.ts'
import { signWithEd25519 } from '../../../src/approvals/openssh/ed25519-key.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { hashEntry } from '../../../src/domain/history.ts'
import type { Run } from '../../../src/domain/run.ts'
import { composeStatementText, importApproval } from '../../../src/engine/manage-approvals.ts'
import { verifyRun } from '../../../src/engine/verify-run.ts'
import { examineRuns } from '../../../src/service/doctor/open-runs.ts'
import { aFolder, removeFolders } from '../../store/store-folders.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'
import { APPROVER, Died, type Fate, type LivingProcess, SharedWorld } from './shared-world.ts'

/** Whatever people, processes and clocks do, one after the other or at once: what must hold of every run holds after each step. */

afterAll(removeFolders)

type Command =
  | { kind: 'start' | 'resume' | 'approve' | 'approve again' | 'cancel'; who: number; fate: Fate }
  | { kind: 'wake' }
  | { kind: 'clock'; minutes: number }

const fate = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Fate>({}) },
  { weight: 3, arbitrary: fc.record<Fate>({ diesAfter: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.constant<Fate>({ stalls: true }) },
)
const who = fc.nat({ max: 2 })
const act = (kind: 'start' | 'resume' | 'approve' | 'approve again' | 'cancel') =>
  fc.record({ kind: fc.constant(kind), who, fate })
/** Leases end, and another process continues. */
const takeover = fc
  .record({ kind: fc.constant('resume' as const), who, fate })
  .map((resume): Command[] => [{ kind: 'clock', minutes: 90 }, resume])
const single = (command: fc.Arbitrary<Command>) => command.map((one) => [one])
const commands = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: single(act('start')) },
      { weight: 3, arbitrary: single(act('resume')) },
      { weight: 6, arbitrary: single(act('approve')) },
      { weight: 2, arbitrary: single(act('approve again')) },
      { weight: 1, arbitrary: single(act('cancel')) },
      { weight: 3, arbitrary: single(fc.record({ kind: fc.constant('wake' as const) })) },
      {
        weight: 2,
        arbitrary: single(
          fc.record({ kind: fc.constant('clock' as const), minutes: fc.integer({ min: -30, max: 30 }) }),
        ),
      },
      { weight: 4, arbitrary: takeover },
    ),
    { minLength: 6, maxLength: 16 },
  )
  .map((parts): Command[] => [{ kind: 'start', who: 0, fate: {} }, ...parts.flat()])

/** Two processes of one host, and one of another. */
const HOSTS = ['here', 'here', 'there']
/** A command that waits for nobody answers within this time, in milliseconds. */
const PATIENCE = 200

class Sequence {
  private readonly world: SharedWorld
  private readonly processes: LivingProcess[]
  private readonly under: Promise<unknown>[] = []
  private readonly closed = new Map<string, string>()
  private approvalId: string | null = null

  constructor(allowedSigners: string) {
    this.world = new SharedWorld(allowedSigners)
    this.processes = HOSTS.map((host) => this.world.newProcess(host))
  }

  async run(all: Command[]): Promise<void> {
    const { world } = this
    const reason = 'sequences'
    await world.store.setExecutionSwitch({
      enabled: true,
      until: '2027-01-01T00:00:00.000Z',
      reason,
      by: 'alice',
      at: '2026-01-01T00:00:00.000Z',
    })
    try {
      for (const command of all) {
        await this.give(command)
        await this.check()
      }
      await this.closeAll()
    } finally {
      world.wake()
      await Promise.all(this.under)
      await world.close()
    }
  }

  private async give(command: Command): Promise<void> {
    if (command.kind === 'wake') this.world.wake()
    else if (command.kind === 'clock') this.world.now += command.minutes * 60_000
    else await this.act(command)
    // What was woken settles, or takes as long as it likes.
    await Promise.race([Promise.all(this.under), new Promise((done) => setTimeout(done, PATIENCE / 10))])
  }

  private async act({ kind, who, fate }: Exclude<Command, { kind: 'wake' | 'clock' }>): Promise<void> {
    let process = this.processes[who]!
    if (process.isDead) process = this.processes[who] = this.world.newProcess(HOSTS[who]!)
    process.fate = { ...fate }
    const work = this.answer(process, kind).catch((error) => {
      if (!(error instanceof Died || error instanceof CutterError)) throw error
    })
    this.under.push(work)
    await Promise.race([work, new Promise((done) => setTimeout(done, PATIENCE))])
  }

  private async answer({ deps, engine }: LivingProcess, kind: Command['kind']): Promise<unknown> {
    const [run] = await deps.store.list({ limit: 1 })
    if (run === undefined || kind === 'start')
      return engine.start('linear', {}, { mode: 'live', key: 'one', by: 'deploybot' })
    if (kind === 'cancel') return engine.cancel(run.runId, { reason: 'not wanted', by: 'deploybot' })
    if (kind === 'resume' || (kind === 'approve again' && this.approvalId === null))
      return engine.resume(run.runId, { by: 'deploybot' })
    if (kind === 'approve') {
      const text = await composeStatementText(deps, run.runId, {
        as: APPROVER.as,
        decision: 'approve',
        reason: 'read',
      })
      const signature = signWithEd25519(APPROVER.key, 'cutter.linear.SG1', text)
      this.approvalId = (await importApproval(deps, text, signature)).approval.approvalId
    }
    return engine.resume(run.runId, { approvalId: this.approvalId!, by: 'deploybot' })
  }

  /** What must hold of each run. */
  private async check(): Promise<void> {
    const { store, commits } = this.world
    for (const run of await store.list({ limit: 100 })) {
      const { runId } = run
      const history = await store.history(runId)
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1))
      for (const [index, entry] of history.entries()) {
        expect(hashEntry(entry)).toBe(entry.hash)
        if (index > 0) expect(entry.previousHash).toBe(history[index - 1]!.hash)
      }
      const used = (await store.approvals(runId)).flatMap(({ usedSeq }) => usedSeq ?? [])
      expect(new Set(used).size).toBe(used.length)
      expect(used.length).toBeLessThanOrEqual(1)
      // The table has one row for an effect, and the row one owner. Only one effect of this chart is under way.
      expect((await store.effects(runId)).length).toBeLessThanOrEqual(1)
      for (const effect of ['first', 'second'])
        expect(commits.get(`${runId} ${effect}`) ?? 0).toBeLessThanOrEqual(1)
      if (used.length === 0) expect(commits.get(`${runId} first`)).toBeUndefined()
      await verifyRun(this.looker(), runId)
      if (this.closed.has(runId)) expect(run.head).toBe(this.closed.get(runId))
      if (run.status === 'closed') this.closed.set(runId, run.head)
    }
    const prospects = await examineRuns(this.home())
    expect(prospects.filter(({ isStranded }) => isStranded)).toEqual([])
  }

  /** What a process that only reads has. */
  private looker() {
    return { ...this.processes[0]!.deps, store: this.world.store }
  }

  private home(): Home {
    const deps = this.looker()
    return {
      store: deps.store,
      caller: null,
      app: async () => ({ deps }),
      config: async () => ({ targets: {} }),
    } as never
  }

  /** Nothing fails any more, leases end, and each open run has a way on: it closes, and says what is true. */
  private async closeAll(): Promise<void> {
    const { world } = this
    world.wake()
    await Promise.race([Promise.all(this.under), new Promise((done) => setTimeout(done, PATIENCE))])
    for (const process of this.processes) process.isDead = true
    world.now += 120 * 60_000
    const last = world.newProcess('here')
    const errors: unknown[] = []
    for (let round = 0; round < 10; round++) {
      const open = (await world.store.list({ limit: 100 })).filter(({ status }) => status !== 'closed')
      if (open.length === 0) break
      for (const { status } of open)
        await this.answer(last, status === 'paused' ? 'approve' : 'resume').catch((error) =>
          errors.push(error),
        )
    }
    await this.check()
    for (const run of await world.store.list({ limit: 100 })) this.expectTrueEnd(run, errors)
  }

  private expectTrueEnd({ runId, status, outcome }: Run, errors: unknown[]): void {
    expect([status, errors.map(String)]).toEqual(['closed', expect.anything()])
    const written = ['first', 'second'].map((effect) => this.world.commits.get(`${runId} ${effect}`) ?? 0)
    if (outcome === 'succeeded') expect(written).toEqual([1, 1])
  }
}

describeWithKeys('any sequence of commands, crashes, clock moves and stale workers', () => {
  test('keeps every run true, and leaves it a way on', async () => {
    const allowedSigners = join(aFolder(), 'allowed_signers')
    writeFileSync(allowedSigners, `${APPROVER.as} ${APPROVER.key.publicKey}\n`, { mode: 0o600 })
    await fc.assert(
      fc.asyncProperty(commands, (all) => new Sequence(allowedSigners).run(all)),
      { numRuns: Number(process.env.CUTTER_SEQUENCES ?? 30) },
    )
  }, 600_000)
})
