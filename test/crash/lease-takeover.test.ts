import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { type CrashHarness, type Ending, startCrashHarness, type Task, UNITS } from './crash-harness.ts'
import {
  createLockSession,
  LOCK_AGAINST_ALL,
  LOCK_AGAINST_WRITERS,
  type LockSession,
  lockUnits,
} from './lock-session.ts'
import { countAttempts, findPhaseRan, type RunResult, readRunResult } from './run-result.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

// Who holds a run: after an interruption, and when two commands want it at the same time.

let harness: CrashHarness
let lock: LockSession
let undisturbed: RunResult
let runs = 0

beforeAll(async () => {
  harness = await startCrashHarness()
  lock = createLockSession(harness)
  undisturbed = await readRunResult(harness, await harness.finish(harness.task('undisturbed')))
  runs += 1
})
afterEach(async () => {
  await lock.release()
})
afterAll(async () => {
  await harness?.remove()
})

async function expectUndisturbed(task: Task): Promise<RunResult> {
  const found = await readRunResult(harness, await harness.finish(task))
  runs += 1
  expect(found).toEqual({ ...undisturbed, events: expect.anything() })
  expect(found.events.map(({ type }) => type)).toEqual(undisturbed.events.map(({ type }) => type))
  return found
}

const errorOf = ({ stdout }: Ending) => (JSON.parse(stdout) as { error?: { code: string } }).error?.code

describe('an interrupted run', () => {
  test.each([
    ['SIGINT', 'in its first phase', 'source_pin', 'start:saved', () => LOCK_AGAINST_ALL],
    ['SIGINT', 'during leg A', 'cut_leg_a', 'recheck_cut:saved', () => LOCK_AGAINST_WRITERS],
    ['SIGINT', 'during a COMMIT', 'leg_b_record', 'structural_verify:saved', lockUnits],
    ['SIGTERM', 'during leg A', 'cut_leg_a', 'recheck_cut:saved', () => LOCK_AGAINST_WRITERS],
  ] as const)('ends with 130 and is free at once after %s %s', async (signal, _, phase, until, lockFor) => {
    const task = harness.task(`${signal}-${phase}`)
    await harness.killAt(task, until)
    await lock.take(lockFor(task))
    const interrupted = await lock.startBlocked(task)
    interrupted.process.kill(signal)
    const ending = await interrupted.ended
    expect(ending).toMatchObject({ code: 130, signal: null })
    expect(ending.stderr).toContain('cutter run resume')
    expect(await harness.app.store.effects(interrupted.runId)).toMatchObject([{ name: phase, owner: null }])

    await lock.release()
    const { events } = await expectUndisturbed(task)
    expect(findPhaseRan(events, phase)).toBe('execute')
    expect(countAttempts(events)).toEqual({ [phase]: 3 })
  })
})

describe('two commands for one run at the same time', () => {
  test.each([
    ['after a kill while it read', 'recheck_cut', 'SG1:saved', () => LOCK_AGAINST_ALL],
    ['after a kill before leg A', 'cut_leg_a', 'cut_leg_a:before', () => LOCK_AGAINST_WRITERS],
    ['after a kill before a COMMIT', 'leg_b_record', 'leg_b_record:before', lockUnits],
    ['with the same approval', 'recheck_cut', 'SG1:unsaved', () => LOCK_AGAINST_ALL],
  ] as const)(
    '%s: one works, and the other reports which process does',
    async (when, phase, until, lockFor) => {
      const task = harness.task(`two-${when.replaceAll(' ', '-')}`)
      await harness.killAt(task, until)
      await lock.take(lockFor(task))
      const args = await harness.nextCommand(task)
      const both = [harness.start(args), harness.start(args)]
      const { runId } = await harness.findRun(task)
      await harness.waitForBlocked(runId)

      const loser = await Promise.race(
        both.map(async ({ ended, process }) => ({ ...(await ended), process })),
      )
      const winner = both.find(({ process }) => process !== loser.process)!
      expect(loser.code).toBe(3)
      expect(errorOf(loser)).toBe('RUN_HELD')
      expect(loser.stderr).toContain(`process ${winner.process.pid}`)
      await lock.release()
      expect(await winner.ended).toMatchObject({ code: 0 })

      const { events } = await expectUndisturbed(task)
      expect(findPhaseRan(events, phase)).toBe('execute')
      expect(countAttempts(events)).toEqual(when === 'with the same approval' ? {} : { [phase]: 2 })
    },
  )

  test('between two phases, without an effect to claim: the run advances once', async () => {
    const task = harness.task('two-at-a-timer')
    await harness.killAt(task, 'GRANTS_PROBED:unsaved')
    const args = await harness.nextCommand(task)
    const both = await Promise.all([harness.run(args), harness.run(args)])
    expect(both.map(({ code }) => code).sort()).toEqual([0, 3])
    await expectUndisturbed(task)
  })
})

describe('a command that is overtaken between reading the run and claiming it', () => {
  /** The engine of src, with the definition digest of the build that started the run. */
  async function engineWith(task: Task, changes: (parts: EngineDeps) => Partial<EngineDeps>) {
    const { deps: parts } = harness.app
    const { definitionDigest } = await harness.findRun(task)
    const installed: EngineDeps['installed'] = async (name, run) => {
      const found = await parts.installed(name, run)
      return { ...found, machine: { ...found.machine, definitionDigest } }
    }
    return createEngine({ ...parts, installed, ...changes({ ...parts, installed }) })
  }

  test('leaves a run alone that has advanced', async () => {
    const task = harness.task('moved-on')
    await harness.killAt(task, 'GRANTS_PROBED:unsaved')
    const { runId } = await harness.findRun(task)
    const engine = await engineWith(task, ({ installed }) => ({
      installed: async (name, run) => {
        await harness.finishUntil(task, 'SG1')
        return installed(name, run)
      },
    }))
    await expect(engine.resume(runId, {})).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await expectUndisturbed(task)
  })

  test('reports which process holds the run now, not which one held it before', async () => {
    const task = harness.task('overtaken')
    await harness.killAt(task, 'cut_leg_a:before')
    const { store } = harness.app
    const seen = await store.effects((await harness.findRun(task)).runId)
    await lock.take(LOCK_AGAINST_WRITERS)
    const faster = await lock.startBlocked(task)

    let reads = 0
    const late = async (id: string) => {
      reads += 1
      return reads <= 2 ? seen : store.effects(id)
    }
    const engine = await engineWith(task, () => ({ store: { ...store, effects: late } }))
    const { pid } = faster.process
    await expect(engine.resume(faster.runId, {})).rejects.toMatchObject({
      code: 'RUN_HELD',
      data: { holder: { pid } },
    })
    await lock.release()
    expect(await faster.ended).toMatchObject({ code: 0 })
    await expectUndisturbed(task)
  })
})

test('the target holds no other rows', async () => {
  const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
  expect(await countRows(harness.sql)).toEqual(Object.fromEntries(each))
})
