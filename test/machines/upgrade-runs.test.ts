import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { validateModule } from '../../src/custom/validate-module.ts'
import type { Effect } from '../../src/domain/effect.ts'
import { findHistoryFault, UPGRADED } from '../../src/domain/history.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { checkOpenRuns } from '../../src/engine/check-upgradable.ts'
import type { InstalledMachine } from '../../src/engine/engine-deps.ts'
import { explain } from '../../src/engine/explain.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { chart, gated, planOf, success, work } from '../../src/machine/chart.ts'
import type { StoredSnapshot, Upgrade } from '../../src/machine/define.ts'
import { readEffect, writeEffect } from '../../src/machine/define-effect.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, type Gate } from '../support/live-gate.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { approvalFor, aWorld, Died, succeeds, theRun, type World } from './crashing-engine.ts'

/** Runs that are carried over to another definition of their machine, by the real engine in the real store. */

afterEach(removeFolders)

const input = z.object({})
const done = async () => ({ output: {} })
const plan = readEffect({ name: 'plan', input, execute: async () => planOf('SG1', { does: 'all' }) })
const write = writeEffect({
  name: 'write',
  input,
  execute: done,
  simulate: done,
  probe: async () => ({ outcome: 'not-committed' }),
})
const report = readEffect({ name: 'report', input, execute: done })
const broken = readEffect({
  name: 'report',
  input,
  async execute() {
    throw new Error('the printer is out of paper')
  },
})

type Milestones = Parameters<typeof chart>[0]
const MILESTONES: Milestones = {
  PENDING: work('plan', 'AWAITING'),
  AWAITING: gated('SG1', { recheck: 'plan', work: 'write', next: 'WRITTEN' }),
  WRITTEN: work('report', 'DONE'),
  DONE: success,
}

function aVersion(
  version: string,
  { milestones = MILESTONES, effects = [plan, write, report], upgrade = {} } = {} as {
    milestones?: Milestones
    effects?: Effect[]
    upgrade?: { [from: string]: Upgrade }
  },
): InstalledMachine {
  const exported = { name: 'tried', version, input, effects, logic: chart(milestones), upgrade }
  const { definition, effects: byName } = validateModule(exported, (why) => new Error(why))
  const definitionDigest = digestOf(['tried', version, JSON.stringify(milestones)])
  return {
    machine: { ...definition, definitionDigest },
    effects: byName,
    admit: async (given) => given,
  }
}

const as = (world: World, installed: InstalledMachine): World => {
  world.parts.installed = async () => installed
  return world
}

const anything = z.looseObject({})
const unchanged: Upgrade = { schema: anything, migrate: (snapshot) => snapshot }
const noting: Upgrade = {
  schema: z.looseObject({ facts: z.object({}) }),
  migrate: (snapshot) => withFacts(snapshot, { noted: 'in version 2' }),
}
const withFacts = (snapshot: StoredSnapshot, facts: { [key: string]: Json }): StoredSnapshot => ({
  ...snapshot,
  context: { ...snapshot.context, facts },
})

const start = (world: World): Promise<Run> => world.engine.start('tried', {}, { mode: 'dry-run' })
interface Failure {
  code: string
  message: string
  data: { reason?: string }
}

const failure = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => ({ code: 'none', message: '', data: {} }),
    (error: Failure) => error,
  )

/** Everything that is stored of the run, to see that it stayed as it was. */
async function stored({ store }: World) {
  const { runId } = await theRun({ store } as World)
  return [
    await store.run(runId),
    await store.history(runId),
    await store.effects(runId),
    await store.evidenceOf(runId),
  ]
}

async function refusedUntouched(world: World, runId: string): Promise<string> {
  const before = await stored(world)
  const { code, message } = await failure(world.engine.resume(runId, {}))
  expect(code).toBe('MACHINE_CHANGED')
  expect(message).toContain('Nothing was changed')
  expect(await stored(world)).toEqual(before)
  const [checked] = await checkOpenRuns(world.parts)
  expect([checked?.verdict, checked?.why]).toEqual(['stranded', message])
  return message
}

const v1 = aVersion('1')
const atGate = async () => {
  const world = as(aWorld(succeeds), v1)
  return { world, run: await start(world) }
}

describe('a run at a gate', () => {
  test('a run at a gate is refused without an upgrade and can be cancelled', async () => {
    const { world, run } = await atGate()
    as(world, aVersion('2'))
    expect(await refusedUntouched(world, run.runId)).toContain('was started under machine tried 1')
    const cancelled = await world.engine.cancel(run.runId, { reason: 'stranded' })
    expect(cancelled.outcome).toBe('cancelled')
  })

  test('cancel upgrades a run first, so that the installed chart decides what cancelling does', async () => {
    const { world, run } = await atGate()
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    const cancelled = await world.engine.cancel(run.runId, { reason: 'not wanted' })
    expect(cancelled).toMatchObject({ version: '2', outcome: 'cancelled' })
    const types = (await world.store.history(run.runId)).map(({ event }) => event.type)
    expect(types.slice(-2)).toEqual([UPGRADED, 'CANCEL'])
  })

  test.each([
    ['its version', '1'],
    ['its definition digest', v1.machine.definitionDigest],
  ])('a run at a gate is upgraded by the upgrade for %s and needs another approval', async (_, from) => {
    const { world, run } = await atGate()
    const before = await approvalFor(world, run)
    as(world, aVersion('2', { upgrade: { [from]: noting } }))
    expect((await checkOpenRuns(world.parts)).map(({ verdict }) => verdict)).toEqual(['upgrade'])
    expect((await failure(world.engine.resume(run.runId, {}))).code).toBe('APPROVAL_REQUIRED')

    const upgraded = await theRun(world)
    expect(upgraded).toMatchObject({
      version: '2',
      status: 'paused',
      gate: 'SG1',
      planDigest: run.planDigest,
    })
    expect(upgraded.gateSeq).toBe(run.seq + 1)
    expect(upgraded.gateHead).toBe(upgraded.head)
    expect(JSON.parse(upgraded.snapshot).snapshot.context.facts).toEqual({ noted: 'in version 2' })
    const entry = (await world.store.history(run.runId)).at(-1)!
    expect(entry).toMatchObject({
      event: {
        type: UPGRADED,
        from: { version: '1', definitionDigest: run.definitionDigest },
        to: { version: '2', definitionDigest: upgraded.definitionDigest },
      },
      snapshotDigest: upgraded.snapshotDigest,
    })

    const old = await failure(world.engine.resume(run.runId, { approvalId: before.approvalId }))
    expect([old.code, old.data.reason]).toEqual(['APPROVAL_REFUSED', 'OTHER_ARRIVAL'])
    const { approvalId } = await approvalFor(world, await theRun(world))
    const closed = await world.engine.resume(run.runId, { approvalId })
    expect([closed.outcome, closed.version]).toEqual(['succeeded', '2'])
    expect(await verifyRun(world.parts, run.runId)).toMatchObject({ replayed: true })
  })

  test('explain shows a run after its upgrade and does not upgrade it; resume does not upgrade it under a hold', async () => {
    const { world, run } = await atGate()
    const { approvalId } = await approvalFor(world, run)
    const before = await stored(world)
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    const found = await explain(world.parts, run.runId)
    expect(found).toMatchObject({
      upgrade: { from: '1', to: '2' },
      approvals: [{ approvalId, wouldCount: false, reason: 'OTHER_ARRIVAL' }],
      refusals: [],
    })
    expect(found.ifApproved.map(({ phase }) => phase)).toEqual(['plan', 'write', 'report', null])
    as(world, aVersion('2'))
    expect(await explain(world.parts, run.runId)).toMatchObject({
      upgrade: null,
      ifApproved: [],
      refusals: [{ reason: 'MACHINE_CHANGED' }],
    })
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    const hold = { kind: 'on', runId: null, reason: 'incident', by: 'alice', at: run.updatedAt } as const
    await world.store.recordHold(hold)
    expect((await failure(world.engine.resume(run.runId, {}))).code).toBe('ON_HOLD')
    expect(await stored(world)).toEqual(before)
  })

  test('resume upgrades a run before it judges the given approval', async () => {
    const { world, run } = await atGate()
    const { approvalId } = await approvalFor(world, run)
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    const refused = await failure(world.engine.resume(run.runId, { approvalId }))
    expect(refused.data.reason).toBe('OTHER_ARRIVAL')
    const types = (await world.store.history(run.runId)).map(({ event }) => event.type)
    expect(types.slice(-2)).toEqual([UPGRADED, 'cutter.approval-refused'])
  })

  test('a run may be upgraded repeatedly, and its hash chain holds', async () => {
    const { world, run } = await atGate()
    for (const [from, to] of [
      ['1', '2'],
      ['2', '3'],
    ] as const) {
      as(world, aVersion(to, { upgrade: { [from]: unchanged } }))
      await failure(world.engine.resume(run.runId, {}))
    }
    const { approvalId } = await approvalFor(world, await theRun(world))
    expect((await world.engine.resume(run.runId, { approvalId })).version).toBe('3')
    expect(await verifyRun(world.parts, run.runId)).toMatchObject({ replayed: true })
  })

  test('sign refuses a run that the installed machine would first upgrade', async () => {
    const { world, run } = await atGate()
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    expect(await failure(approvalFor(world, run))).toMatchObject({
      code: 'MACHINE_CHANGED',
      next: expect.stringContaining(`cutter run resume ${run.runId}`),
    })
  })

  const moved = (value: Json, changes: object = {}): Upgrade => ({
    schema: anything,
    migrate: (snapshot) => ({ ...snapshot, ...changes, value }),
    milestones: { AWAITING: 'WRITTEN' },
  })
  const inContext = (changes: { [key: string]: Json }): Upgrade => ({
    schema: anything,
    migrate: (snapshot) => ({ ...snapshot, context: { ...snapshot.context, ...changes } }),
  })
  const stop = { code: 'STOP_INTERNAL', message: 'made up' }
  test.each<[string, Upgrade, string]>([
    [
      'whose context is another',
      { ...noting, schema: z.object({ facts: z.object({ a: z.string() }) }) },
      'facts.a: ',
    ],
    ['to a state that is not there', moved({ NOWHERE: 'waiting' }), 'no state {"NOWHERE":"waiting"}'],
    ['to above a state', moved('AWAITING'), 'the new chart has no state "AWAITING"'],
    [
      'to another milestone that it does not declare',
      { ...moved({ PENDING: 'stopped' }), milestones: {} },
      'would be PENDING',
    ],
    ['past its gate', moved({ WRITTEN: 'stopped' }), 'it is paused and would be stopped'],
    ['to its end', moved('DONE', { status: 'done' }), 'an upgrade may not end a run'],
    ['to its end with the status active', moved('DONE'), 'its state is AWAITING and would be DONE'],
    ['to another plan', inContext({ planDigest: digestOf('another') }), 'its planDigest would change'],
    ['with an approval', inContext({ approvalId: 'ap-1' }), 'its approvalId would change'],
    ['with an invented stop', inContext({ stop }), 'the reason of its stop would be lost or invented'],
    ['without an output', inContext({ output: null }), 'no output'],
    [
      'with an effect that no step asked for',
      {
        schema: anything,
        migrate: (snapshot) => ({ ...snapshot, children: { plan: { src: 'plan', snapshot: {} } } }),
      },
      'the effect plan would be in flight',
    ],
    [
      'by code that throws',
      {
        schema: anything,
        migrate: () => {
          throw new Error('no idea how')
        },
      },
      'the upgrade threw: no idea how',
    ],
    [
      'to nothing',
      { schema: anything, migrate: () => undefined as never },
      'the upgrade returned something other than a snapshot',
    ],
  ])('a run at a gate is not upgraded %s', async (_, way, why) => {
    const { world, run } = await atGate()
    as(world, aVersion('2', { upgrade: { '1': way } }))
    expect(await refusedUntouched(world, run.runId)).toContain(why)
  })

  test('an upgrade may rename the milestone at which a run waits', async () => {
    const { world, run } = await atGate()
    const { PENDING, AWAITING, ...rest } = MILESTONES
    const milestones = { PENDING: work('plan', 'DECIDING'), DECIDING: AWAITING!, ...rest }
    const rename = (snapshot: StoredSnapshot) => ({ ...snapshot, value: { DECIDING: 'waiting' } })
    const way = { schema: anything, migrate: rename, milestones: { AWAITING: 'DECIDING' } }
    as(world, aVersion('2', { milestones, upgrade: { '1': way } }))
    await failure(world.engine.resume(run.runId, {}))
    const { approvalId } = await approvalFor(world, await theRun(world))
    expect((await world.engine.resume(run.runId, { approvalId })).outcome).toBe('succeeded')
  })

  test('an upgrade to another gate of the same milestone is refused', async () => {
    const { world, run } = await atGate()
    const AWAITING = gated('SG2', { recheck: 'plan', work: 'write', next: 'WRITTEN' })
    as(world, aVersion('2', { milestones: { ...MILESTONES, AWAITING }, upgrade: { '1': unchanged } }))
    expect(await refusedUntouched(world, run.runId)).toContain('it would wait at SG2 instead of at SG1')
  })

  test('an upgrade past a gate that the new chart adds is refused', async () => {
    const { world, run } = await atGate()
    const milestones = {
      PENDING: work('plan', 'FIRST'),
      FIRST: gated('SG2', { recheck: 'plan', work: 'report', next: 'AWAITING' }),
      ...Object.fromEntries(Object.entries(MILESTONES).filter(([name]) => name !== 'PENDING')),
    }
    as(world, aVersion('2', { milestones, upgrade: { '1': unchanged } }))
    expect(await refusedUntouched(world, run.runId)).toContain(
      'it would be past gate SG2, which it never passed',
    )
  })
})

describe('a stopped run', () => {
  const stoppedAt = async () => {
    const world = as(aWorld(succeeds), aVersion('1', { effects: [plan, write, broken] }))
    const run = await start(world)
    const { approvalId } = await approvalFor(world, run)
    return { world, run: await world.engine.resume(run.runId, { approvalId }) }
  }

  test('a stopped run resumes under the corrected version past the gate that it has passed', async () => {
    const { world, run } = await stoppedAt()
    expect(run).toMatchObject({
      status: 'stopped',
      state: 'WRITTEN',
      stop: { message: 'the printer is out of paper' },
    })
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    const closed = await world.engine.resume(run.runId, {})
    expect([closed.outcome, closed.version, closed.seq]).toEqual(['succeeded', '2', run.seq + 3])
    expect(await verifyRun(world.parts, run.runId)).toMatchObject({ replayed: true })
  })

  test('an upgrade that leads a stopped run past its gate is refused', async () => {
    const failing = { ...broken, name: 'plan' }
    const world = as(aWorld(succeeds), aVersion('1', { effects: [failing, write, report] }))
    const run = await start(world)
    const way = {
      schema: anything,
      migrate: (snapshot: StoredSnapshot) => ({ ...snapshot, value: { WRITTEN: 'stopped' } }),
      milestones: { PENDING: 'WRITTEN' },
    }
    as(world, aVersion('2', { upgrade: { '1': way } }))
    expect(await refusedUntouched(world, run.runId)).toContain('past gate SG1, which it never passed')
  })
})

describe('an interrupted run', () => {
  /** A run whose process ended right after the step with this many entries. */
  async function interruptedAt(seq: number): Promise<World> {
    let world = as(aWorld(succeeds, { mortal: true }), v1)
    await expect(start(world)).rejects.toThrow(Died)
    for (;;) {
      world = as(await world.reopen(), v1)
      const run = await theRun(world)
      if (run.seq >= seq) return world
      const approvalId = run.status === 'paused' ? (await approvalFor(world, run)).approvalId : undefined
      await failure(world.engine.resume(run.runId, approvalId === undefined ? {} : { approvalId }))
    }
  }
  const version2 = (upgrade: Upgrade, more = {}) => aVersion('2', { upgrade: { '1': upgrade }, ...more })

  async function lived(world: World, installed: InstalledMachine): Promise<World> {
    let life = world
    for (let lives = 1; ; lives += 1) {
      const run = await theRun(life)
      if (run.status !== 'working') return life
      if (lives > 20) throw new Error(`run ${run.runId} does not get on from ${run.state}, entry ${run.seq}`)
      await failure(life.engine.resume(run.runId, {}))
      life = as(await life.reopen(), installed)
    }
  }

  test.each([
    ['planning', 1],
    ['writing', 4],
    ['reporting', 5],
  ])(
    'an interrupted run at %s continues in the new version with the effect that was in flight',
    async (phase, seq) => {
      const installed = version2(noting)
      const before = await interruptedAt(seq)
      const [effect] = await before.store.effects((await theRun(before)).runId)
      expect(phase).toContain(effect!.name.slice(0, 4))
      const world = await lived(as(before, installed), installed)
      const run = await theRun(world)
      expect([run.version, run.status]).toEqual(seq === 1 ? ['2', 'paused'] : ['2', 'closed'])
      expect(await verifyRun(world.parts, run.runId)).toMatchObject({ replayed: true })
    },
  )

  test('an interrupted run whose effect the new chart does not invoke is refused', async () => {
    const world = await interruptedAt(5)
    const milestones = { ...MILESTONES, WRITTEN: work('plan', 'DONE') }
    as(world, version2(unchanged, { milestones }))
    const { runId } = await theRun(world)
    expect(await refusedUntouched(world, runId)).toContain('report')
  })

  test('a run that was interrupted in its recheck returns to its gate, with its approval void', async () => {
    const before = await interruptedAt(3)
    const { runId } = await theRun(before)
    const installed = version2(noting)
    const world = await lived(as(before, installed), installed)
    const run = await theRun(world)
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1', version: '2' })
    const [approval] = await world.store.approvals(runId)
    expect(approval!.usedSeq).toBeNull()
    const entries = await world.store.history(runId)
    const upgraded = entries.find(({ event }) => event.type === UPGRADED)!
    expect(upgraded.event.approvalVoided).toBe(approval!.approvalId)
    expect([run.gateSeq, run.gateHead]).toEqual([upgraded.seq, upgraded.hash])
    await failure(world.engine.resume(runId, { approvalId: approval!.approvalId }))
    const after = as(await world.reopen(), installed)
    expect((await after.store.history(runId)).at(-1)!.event.reason).toBe('OTHER_ARRIVAL')
    expect(await verifyRun(after.parts, runId)).toMatchObject({ replayed: true })
  })
})

describeWithKeys('a live run that continues under an approval', () => {
  let gate: Gate
  afterEach(() => gate.close())

  test('a live run past its gate is not upgraded until it waits at a gate again', async () => {
    gate = await aGate()
    const { world } = gate
    as(world, aVersion('1', { effects: [plan, write, broken] }))
    const run = await world.engine.start('tried', {}, { mode: 'live', by: 'deploybot' })
    const { approvalId } = await gate.sign(run, ALICE!)
    expect(await gate.bring(run, approvalId)).toMatchObject({ status: 'stopped', state: 'WRITTEN' })
    as(world, aVersion('2', { upgrade: { '1': unchanged } }))
    expect(await refusedUntouched(world, run.runId)).toContain(
      'it continues under the approval of SG1, which was given for the work of the other definition',
    )
    as(world, aVersion('1'))
    expect(await world.engine.resume(run.runId, { by: 'deploybot' })).toMatchObject({ outcome: 'succeeded' })
  })
})

describe('the history of an upgraded run', () => {
  async function upgraded() {
    const { world, run } = await atGate()
    as(world, aVersion('2', { upgrade: { '1': noting } }))
    await failure(world.engine.resume(run.runId, {}))
    return { world, run: await theRun(world), entries: await world.store.history(run.runId) }
  }

  test('the history of an upgraded run holds only with the first and the last definition', async () => {
    const { run, entries } = await upgraded()
    expect(findHistoryFault(run, entries)).toBeNull()
    expect(findHistoryFault({ ...run, version: '3' }, entries)).toContain(
      'not the one that its history leads to',
    )
    expect(findHistoryFault({ ...run, definitionDigest: digestOf('x') }, entries)).toContain(
      'history leads to',
    )
    expect(findHistoryFault({ ...run, version: '1' }, entries.slice(0, -1))).toContain(
      'are not those of its first entry',
    )
  })

  test('an upgrade keeps the snapshots before and after as evidence, and replaying needs them', async () => {
    const { world, run } = await upgraded()
    const names = (await world.store.evidenceOf(run.runId)).filter(({ seq }) => seq === run.seq)
    expect(names.map(({ name }) => name)).toEqual(['snapshot/before-upgrade', 'snapshot/upgraded'])
    expect(Buffer.from((await world.store.evidence(run.snapshotDigest))!).toString()).toBe(run.snapshot)
    const { storedRun } = world.store
    const robbed = async (runId: string) => ({ ...(await storedRun(runId))!, contents: new Map() })
    const without = { ...world.parts, store: { ...world.store, storedRun: robbed } }
    expect((await failure(verifyRun(without, run.runId))).code).toBe('STORE_TAMPERED')
  })
})
