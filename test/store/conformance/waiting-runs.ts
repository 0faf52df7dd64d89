import { describe, expect, test } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import type { WaitFilter } from '../../../src/store/run-filter.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aSubject } from '../store-fixture.ts'

const at = (minute: number) => `2026-03-01T09:${String(minute).padStart(2, '0')}:00.000Z`
const STOPPED = {
  ...{ status: 'stopped', stopCode: 'FAILED', stop: { code: 'FAILED', message: 'it failed' }, phase: null },
} as unknown as Partial<Run>

/** The part of the conformance suite that is about runs that wait for people. */
export function describeWaitingRuns(name: string, open: () => Promise<RunStore>): void {
  describe(`${name}: runs that wait`, () => {
    const { store } = aSubject(open)

    const started = async (runId: string, run: Partial<Run> = {}) => {
      const step = firstStep({ run: { runId, ...run } })
      await store.create(step, mine)
      return step.run
    }
    const moved = async (before: Run, minute: number, run: Partial<Run> = {}) => {
      const step = stepAfter(before, { run: { ...run, updatedAt: at(minute) } })
      await store.advance(step, mine)
      return step.run
    }
    const arrived = (before: Run, minute: number) =>
      moved(before, minute, {
        ...atGate(before),
        mode: before.mode,
        gateSeq: before.seq + 1,
        gateHead: before.head,
      } as Partial<Run>)
    const waits = async (filter: Partial<WaitFilter> = {}) =>
      (await store.listWaiting({ status: 'paused', mode: 'dry-run', limit: 9, ...filter })).map(
        ({ run, since }) => `${run.runId} ${since.slice(14, 16)}`,
      )

    test('come with the longest wait first, then the smaller id, whenever they were started', async () => {
      await arrived(await started('d', { startedAt: at(1) }), 30)
      for (const runId of ['c', 'b']) await arrived(await started(runId, { startedAt: at(5) }), 20)
      await arrived(await started('a', { startedAt: at(3) }), 40)
      expect(await waits()).toEqual(['b 20', 'c 20', 'd 30', 'a 40'])
      expect(await waits({ limit: 2 })).toEqual(['b 20', 'c 20'])
    })

    test('follow any place of the list', async () => {
      for (const [runId, minute] of [
        ['a', 20],
        ['b', 20],
        ['c', 30],
      ] as const)
        await arrived(await started(runId), minute)
      const following = (runId: string, minute: number) => waits({ after: { runId, since: at(minute) } })
      expect(await following('a', 20)).toEqual(['b 20', 'c 30'])
      expect(await following('b', 20)).toEqual(['c 30'])
      expect(await following('z', 19)).toEqual(['a 20', 'b 20', 'c 30'])
      expect(await following('c', 30)).toEqual([])
    })

    test('wait at a gate since their arrival, whatever was refused there since', async () => {
      const before = await arrived(await started('a'), 10)
      await arrived(await started('b'), 15)
      await moved(await moved(before, 20), 30)
      expect(await waits()).toEqual(['a 10', 'b 15'])
    })

    test('wait from their new arrival on after they worked', async () => {
      const before = await arrived(await started('a'), 10)
      const none = { gate: null, stopCode: null, gateSeq: null, gateHead: null }
      const at20 = await moved(before, 20, { status: 'working', ...none } as Partial<Run>)
      expect(await waits()).toEqual([])
      await arrived(await moved(at20, 25), 30)
      expect(await waits()).toEqual(['a 30'])
    })

    test('wait since their stop, apart from those at gates', async () => {
      await moved(await started('a'), 10, STOPPED)
      await arrived(await started('b'), 5)
      expect(await waits({ status: 'stopped' })).toEqual(['a 10'])
      expect(await waits()).toEqual(['b 05'])
    })

    test('wait since their stop at a gate that they came to before', async () => {
      const before = await arrived(await started('a'), 10)
      const working = { status: 'working', gate: null, stopCode: null } as Partial<Run>
      await moved(await moved(before, 20, working), 30, STOPPED)
      expect(await waits({ status: 'stopped' })).toEqual(['a 30'])
    })

    test('are filtered by mode, machines and id', async () => {
      await arrived(await started('a', { mode: 'live' }), 10)
      await arrived(await started('b', { machine: 'deploy' }), 20)
      await arrived(await started('c'), 30)
      expect(await waits({ mode: 'live' })).toEqual(['a 10'])
      expect(await waits({ machines: ['deploy', 'none'] })).toEqual(['b 20'])
      expect(await waits({ runId: 'c' })).toEqual(['c 30'])
    })

    test('are counted by status up to a limit', async () => {
      for (const runId of ['a', 'b', 'c']) await arrived(await started(runId), 10)
      await started('d', { machine: 'deploy' })
      expect(await store.count({ status: 'paused', limit: 9 })).toBe(3)
      expect(await store.count({ status: 'paused', limit: 2 })).toBe(2)
      expect(await store.count({ status: 'working', machines: ['deploy'], limit: 9 })).toBe(1)
      expect(await store.count({ status: 'stopped', limit: 9 })).toBe(0)
      expect(await store.count({ limit: 9 })).toBe(4)
    })
  })
}
