import { describe, expect, test } from 'vitest'
import type { Owner } from '../../../src/domain/effect.ts'
import { hashEntry, UPGRADED } from '../../../src/domain/history.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Step } from '../../../src/domain/step.ts'
import type { RunStore, SeenClaim } from '../../../src/store/run-store.ts'
import {
  anApproval,
  anEffect,
  atGate,
  firstStep,
  me,
  mine,
  other,
  stepAfter,
  theirs,
  UNTIL,
} from '../step-fixture.ts'
import { aSubject } from '../store-fixture.ts'
import { describeApprovals } from './approvals.ts'
import { describeMessages } from './messages.ts'
import { describePruning } from './pruning.ts'
import { describeSharedThings } from './shared-things.ts'
import { describeWaitingRuns } from './waiting-runs.ts'

/** What every driver of RunStore must do. The suite uses only the interface. */
const NOBODY: SeenClaim = { owner: null, leaseUntil: null }
const seen = (owner: Owner): SeenClaim => ({ owner, leaseUntil: UNTIL })

export function describeRunStore(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: runs and their steps`, () => {
    const { store, started, advanced, everything, refusesWhole, fullStep } = aSubject(open)

    test('return what the first step saved', async () => {
      const step = firstStep({
        run: { startKey: 'k', input: { title: 'Hiến pháp', n: 1 }, output: { a: [null] } },
      })
      const claimed = await store.create(step, mine)
      const held = { ...anEffect('source_pin'), seq: 1, owner: me, leaseUntil: UNTIL, attempt: 1 }
      expect(claimed).toEqual([held])
      expect(await everything(step.run.runId)).toEqual({
        run: step.run,
        history: [step.entry],
        effects: [held],
        timers: [],
        approvals: [],
        evidence: [],
      })
    })

    test('return the newest state of a run and its complete history in order', async () => {
      const start = firstStep()
      await store.create(start, mine)
      const steps = [start]
      for (let n = 2; n <= 12; n++) {
        const step = stepAfter(steps.at(-1)!.run, { run: { output: { n }, workedMs: n } })
        await store.advance(step, mine)
        steps.push(step)
      }
      expect(await store.run(start.run.runId)).toEqual(steps.at(-1)!.run)
      expect(await store.history(start.run.runId)).toEqual(steps.map(({ entry }) => entry))
    })

    test('return what resuming a run needs: timers, approvals, and the entries of people in order', async () => {
      const timersAsked = [{ timerId: 't', dueAt: UNTIL, event: { type: 'tick' } }]
      const [one, other] = [firstStep({ timersAsked }), firstStep()]
      for (const start of [one, other]) await store.create(byHand(start, 'alice'), mine)
      let last = byHand(one, 'alice')
      const byPeople = [last.entry]
      for (const by of ['engine', 'bob', 'engine', 'alice']) {
        last = byHand(stepAfter(last.run), by)
        await store.advance(last, mine)
        if (by !== 'engine') byPeople.push(last.entry)
      }
      const approval = anApproval(last.run)
      await store.saveApproval(approval)
      expect(await store.resumableRun(one.run.runId)).toEqual({
        ...{ run: last.run, approvals: [approval], byPeople },
        timers: [{ timerId: 't', dueAt: UNTIL, event: { type: 'tick' } }],
      })
      expect(await store.resumableRun('nobody')).toBeNull()
    })

    test('keep paused, stopped and closed runs', async () => {
      let run = await started({ effectsAsked: [] })
      run = await advanced(run, { run: atGate(run) })
      expect(await store.run(run.runId)).toEqual(run)
      const none = { gate: null, gateSeq: null, gateHead: null, stopCode: null, stop: null, outcome: null }
      const stop = { code: 'STOP_DRIFT', message: 'm', next: 'n', data: { table: 'x' } } as const
      run = await advanced(run, {
        run: { ...none, status: 'stopped', stopCode: stop.code, stop } as Partial<Run>,
      })
      expect(await store.run(run.runId)).toEqual(run)
      run = await advanced(run, {
        run: { ...none, status: 'closed', outcome: 'rolled-back' } as Partial<Run>,
      })
      expect(await store.run(run.runId)).toEqual(run)
    })

    test('keep a new version and definition only from an upgrade', async () => {
      const to = { version: '2', definitionDigest: 'sha256:other' }
      for (const columns of [
        {},
        { status: 'working', gate: null, gateSeq: null, gateHead: null, stopCode: null },
      ]) {
        const run = await started({ effectsAsked: [] })
        const paused = await advanced(run, { run: { ...atGate(run), ...columns } as Partial<Run> })
        await advanced(paused, { run: to })
        expect(await store.run(run.runId)).toMatchObject({ version: paused.version })
        const upgraded = await advanced((await store.run(run.runId))!, { run: to, event: { type: UPGRADED } })
        expect(await store.run(run.runId)).toEqual(upgraded)
        expect(upgraded).toMatchObject(to)
        await refusesWhole(stepAfter(paused, { run: { version: '3' }, event: { type: UPGRADED } }))
      }
    })

    test('return everything of a run at once, with the bytes of its evidence', async () => {
      const run = await started()
      await store.saveApproval(anApproval(run))
      await store.advance(fullStep(run), mine)
      const { contents, entriesByPeople, ...record } = (await store.storedRun(run.runId))!
      expect(record).toEqual(await everything(run.runId))
      expect(entriesByPeople).toBe(record.history.filter(({ by }) => by !== 'engine').length)
      expect([...contents].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString()])).toEqual([
        ['sha256:receipt', 'receipt'],
      ])
      expect(await store.storedRun('nobody')).toBeNull()
    })

    test('return nothing for an unknown run', async () => {
      expect(await everything('nobody')).toEqual({
        run: null,
        history: [],
        effects: [],
        timers: [],
        approvals: [],
        evidence: [],
      })
      expect(await store.runByKey('nobody')).toBeNull()
    })

    test('refuse to advance an unknown run', async () => {
      await refusesWhole(stepAfter(firstStep().run))
    })

    test('refuse a second run of the same id and keep the first', async () => {
      const run = await started()
      const before = await everything(run.runId)
      await expect(
        store.create(firstStep({ run: { runId: run.runId, mode: 'live' } }), theirs),
      ).rejects.toThrow()
      expect(await everything(run.runId)).toEqual(before)
    })

    test('refuse a step for an older seq, and save nothing of it', async () => {
      const run = await started()
      await advanced(run)
      await refusesWhole(fullStep(run))
    })

    test('refuse a step that skips a seq', async () => {
      const run = await started()
      await refusesWhole(fullStep({ ...run, seq: 2 }))
    })

    test('refuse a step on another head of the same seq', async () => {
      const run = await started()
      await refusesWhole(fullStep({ ...run, head: `sha256:${'0'.repeat(64)}` }))
    })

    test('save one of two steps that were made at the same moment', async () => {
      const run = await started()
      const [one, two] = [
        fullStep(run, { run: { output: { by: 1 } } }),
        fullStep(run, { run: { output: { by: 2 } } }),
      ]
      const results = await Promise.allSettled([store.advance(one, mine), store.advance(two, mine)])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const passed = results[0]!.status === 'fulfilled' ? one : two
      expect(await store.run(run.runId)).toEqual(passed.run)
      expect(await store.history(run.runId)).toHaveLength(2)
    })

    test('keep the steps of different runs apart', async () => {
      const [a, b] = [await started(), await started()]
      const before = await everything(b.runId)
      await store.advance(fullStep(a), mine)
      expect(await everything(b.runId)).toEqual(before)
    })

    describe('effects', () => {
      test('are claimed by the step that asks for them, and end with the step of their outcome', async () => {
        const run = await started()
        const next = stepAfter(run, {
          effectDone: 'source_pin',
          effectsAsked: [anEffect('mark'), anEffect('scan')],
        })
        const claimed = await store.advance(next, mine)
        const held = { seq: 2, owner: me, leaseUntil: UNTIL, attempt: 1 }
        expect(claimed).toEqual([
          { ...anEffect('mark'), ...held },
          { ...anEffect('scan'), ...held },
        ])
        expect(await store.effects(run.runId)).toEqual(claimed)
        await store.advance(stepAfter(next.run, { effectDone: 'scan' }), mine)
        expect(await store.effects(run.runId)).toEqual([claimed[0]])
      })

      test('of another owner refuse the step, with and without a next effect', async () => {
        const run = await started()
        await store.claim(run.runId, 'source_pin', seen(me), theirs)
        await refusesWhole(fullStep(run))
        await refusesWhole(fullStep(run, { effectsAsked: [] }))
        await store.advance(fullStep(run), theirs)
      })

      test('that no step asked for refuse the step', async () => {
        await refusesWhole(fullStep(await started(), { effectDone: 'nothing' }))
      })

      test('end when the machine leaves them, whoever claimed them', async () => {
        const run = await started({ effectsAsked: [anEffect('a'), anEffect('b')] })
        await store.claim(run.runId, 'b', seen(me), theirs)
        await advanced(run, { effectsDropped: ['b'] })
        expect((await store.effects(run.runId)).map(({ invokeId }) => invokeId)).toEqual(['a'])
      })

      test('start again when one step leaves and asks for them', async () => {
        const run = await started({ effectsAsked: [anEffect('a')] })
        await store.claim(run.runId, 'a', seen(me), mine)
        await advanced(run, { effectsDropped: ['a'], effectsAsked: [anEffect('a', { input: 2 })] })
        expect(await store.effects(run.runId)).toMatchObject([
          { invokeId: 'a', input: 2, seq: 2, attempt: 1 },
        ])
      })

      test('start again in addition to the ended one, in any order', async () => {
        const run = await started({ effectsAsked: [anEffect('a'), anEffect('b')] })
        await advanced(run, {
          effectDone: 'a',
          effectsDropped: ['b'],
          effectsAsked: [anEffect('b', { input: 2 }), anEffect('a', { input: 2 })],
        })
        expect(await store.effects(run.runId)).toMatchObject([
          { invokeId: 'a', input: 2, seq: 2 },
          { invokeId: 'b', input: 2, seq: 2 },
        ])
      })

      test('are claimed only from the owner that was seen, and only by the first', async () => {
        const run = await started()
        expect(await store.claim(run.runId, 'source_pin', NOBODY, theirs)).toBeNull()
        expect(await store.claim(run.runId, 'source_pin', seen(other), theirs)).toBeNull()
        expect(await store.claim(run.runId, 'mark', seen(me), theirs)).toBeNull()
        const taken = await store.claim(run.runId, 'source_pin', seen(me), theirs)
        expect(taken).toEqual({
          ...anEffect('source_pin'),
          seq: 1,
          owner: other,
          leaseUntil: UNTIL,
          attempt: 2,
        })
        expect(await store.claim(run.runId, 'source_pin', seen(me), mine)).toBeNull()
        expect(await store.effects(run.runId)).toEqual([taken])
      })

      test('are not claimed from an owner that renewed its lease after it was seen', async () => {
        const run = await started()
        const until = '2026-03-01T11:00:00.000Z'
        await store.renew(run.runId, { owner: me, until })
        expect(await store.claim(run.runId, 'source_pin', seen(me), theirs)).toBeNull()
        const renewed = { owner: me, leaseUntil: until }
        expect(await store.claim(run.runId, 'source_pin', renewed, theirs)).toMatchObject({ owner: other })
      })

      test('are free after their owner released them', async () => {
        const run = await started()
        await store.release(run.runId, other)
        expect(await store.effects(run.runId)).toMatchObject([{ owner: me, leaseUntil: UNTIL }])
        await store.release(run.runId, me)
        expect(await store.effects(run.runId)).toMatchObject([{ owner: null, leaseUntil: null, attempt: 1 }])
        const [first, second] = await Promise.all([
          store.claim(run.runId, 'source_pin', NOBODY, theirs),
          store.claim(run.runId, 'source_pin', NOBODY, mine),
        ])
        expect([first, second].filter((row) => row !== null)).toHaveLength(1)
      })

      test('are renewed only for their owner', async () => {
        const run = await started({ effectsAsked: [anEffect('a'), anEffect('b')] })
        await store.claim(run.runId, 'b', seen(me), theirs)
        const later = '2026-03-01T11:00:00.000Z'
        await store.renew(run.runId, { owner: me, until: later })
        expect(await store.effects(run.runId)).toMatchObject([{ leaseUntil: later }, { leaseUntil: UNTIL }])
      })
    })

    describe('timers', () => {
      const timer = (timerId: string, minute: number) => ({
        timerId,
        dueAt: `2026-03-01T09:0${minute}:00.000Z`,
        event: { type: `xstate.after.${timerId}` },
      })

      test('are kept until a step drops them, soonest first', async () => {
        let run = await started({ timersAsked: [timer('late', 9), timer('soon', 1)] })
        expect(await store.timers(run.runId)).toEqual([timer('soon', 1), timer('late', 9)])
        run = await advanced(run, { timersDropped: ['soon', 'never'], timersAsked: [timer('new', 2)] })
        expect(await store.timers(run.runId)).toEqual([timer('new', 2), timer('late', 9)])
      })

      test('start again when one step drops and asks for them', async () => {
        const run = await started({ timersAsked: [timer('t', 1)] })
        await advanced(run, { timersDropped: ['t'], timersAsked: [timer('t', 5)] })
        expect(await store.timers(run.runId)).toEqual([timer('t', 5)])
      })
    })
  })
  describeApprovals(name, open)
  describeSharedThings(name, open)
  describeWaitingRuns(name, open)
  describeMessages(name, open)
  describePruning(name, open)
}

/** The step as one that somebody made. */
function byHand(step: Step, by: string): Step {
  const entry = { ...step.entry, by }
  const hash = hashEntry(entry)
  return { ...step, entry: { ...entry, hash }, run: { ...step.run, head: hash } }
}
