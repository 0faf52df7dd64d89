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

/** In whose hands a run is: of one that was interrupted, of two that want it at once. */

let stage: CrashHarness
let hold: LockSession
let undisturbed: RunResult
let runs = 0

beforeAll(async () => {
  stage = await startCrashHarness()
  hold = createLockSession(stage)
  undisturbed = await readRunResult(stage, await stage.finish(stage.task('undisturbed')))
  runs += 1
})
afterEach(async () => {
  await hold.release()
})
afterAll(async () => {
  await stage?.remove()
})

async function expectWhole(task: Task): Promise<RunResult> {
  const found = await readRunResult(stage, await stage.finish(task))
  runs += 1
  expect(found).toEqual({ ...undisturbed, events: expect.anything() })
  expect(found.events.map(({ type }) => type)).toEqual(undisturbed.events.map(({ type }) => type))
  return found
}

const errorOf = ({ stdout }: Ending) => (JSON.parse(stdout) as { error?: { code: string } }).error?.code

describe('a run that is interrupted', () => {
  test.each([
    ['SIGINT', 'at its first reading', 'source_pin', 'start:saved', () => LOCK_AGAINST_ALL],
    ['SIGINT', 'in the midst of leg A', 'cut_leg_a', 'recheck_cut:saved', () => LOCK_AGAINST_WRITERS],
    ['SIGINT', 'in the midst of a COMMIT', 'leg_b_record', 'structural_verify:saved', lockUnits],
    ['SIGTERM', 'in the midst of leg A', 'cut_leg_a', 'recheck_cut:saved', () => LOCK_AGAINST_WRITERS],
  ] as const)('by %s %s ends with 130 and is free at once', async (signal, _, phase, until, lock) => {
    const task = stage.task(`${signal}-${phase}`)
    await stage.killedAt(task, until)
    await hold.on(lock(task))
    const interrupted = await hold.heldUp(task)
    interrupted.process.kill(signal)
    const ending = await interrupted.ended
    expect(ending).toMatchObject({ code: 130, signal: null })
    expect(ending.stderr).toContain('cutter run resume')
    expect(await stage.app.store.effects(interrupted.runId)).toMatchObject([{ name: phase, owner: null }])

    await hold.release()
    const { events } = await expectWhole(task)
    expect(findPhaseRan(events, phase)).toBe('execute')
    expect(countAttempts(events)).toEqual({ [phase]: 3 })
  })
})

describe('two commands for one run at the same moment', () => {
  test.each([
    ['after a kill while it read', 'recheck_cut', 'SG1:saved', () => LOCK_AGAINST_ALL],
    ['after a kill before leg A', 'cut_leg_a', 'cut_leg_a:before', () => LOCK_AGAINST_WRITERS],
    ['after a kill before a COMMIT', 'leg_b_record', 'leg_b_record:before', lockUnits],
    ['with the same approval', 'recheck_cut', 'SG1:unsaved', () => LOCK_AGAINST_ALL],
  ] as const)('%s: one works, the other is told who does', async (when, phase, until, lock) => {
    const task = stage.task(`two-${when.replaceAll(' ', '-')}`)
    await stage.killedAt(task, until)
    await hold.on(lock(task))
    const args = await stage.next(task)
    const both = [stage.begin(args), stage.begin(args)]
    const { runId } = await stage.runOf(task)
    await stage.blocked(runId)

    const loser = await Promise.race(both.map(async ({ ended, process }) => ({ ...(await ended), process })))
    const winner = both.find(({ process }) => process !== loser.process)!
    expect(loser.code).toBe(3)
    expect(errorOf(loser)).toBe('RUN_HELD')
    expect(loser.stderr).toContain(`process ${winner.process.pid}`)
    await hold.release()
    expect(await winner.ended).toMatchObject({ code: 0 })

    const { events } = await expectWhole(task)
    expect(findPhaseRan(events, phase)).toBe('execute')
    expect(countAttempts(events)).toEqual(when === 'with the same approval' ? {} : { [phase]: 2 })
  })

  test('between two phases, where there is nothing to hold: the run moves on once', async () => {
    const task = stage.task('two-at-a-timer')
    await stage.killedAt(task, 'GRANTS_PROBED:unsaved')
    const args = await stage.next(task)
    const both = await Promise.all([stage.run(args), stage.run(args)])
    expect(both.map(({ code }) => code).sort()).toEqual([0, 3])
    await expectWhole(task)
  })
})

describe('a command that was overtaken between its look at the run and its grip', () => {
  /** The engine of src, under the name of the build that began the run. */
  async function engineWith(task: Task, changes: (parts: EngineDeps) => Partial<EngineDeps>) {
    const { deps: parts } = stage.app
    const { definitionDigest } = await stage.runOf(task)
    const installed = async (name: string) => {
      const found = await parts.installed(name)
      return { ...found, machine: { ...found.machine, definitionDigest } }
    }
    return createEngine({ ...parts, installed, ...changes({ ...parts, installed }) })
  }

  test('leaves a run alone that has moved on', async () => {
    const task = stage.task('moved-on')
    await stage.killedAt(task, 'GRANTS_PROBED:unsaved')
    const { runId } = await stage.runOf(task)
    const engine = await engineWith(task, ({ installed }) => ({
      installed: async (name) => {
        await stage.until(task, 'SG1')
        return installed(name)
      },
    }))
    await expect(engine.resume(runId, {})).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await expectWhole(task)
  })

  test('is told who holds the run now, not who held it', async () => {
    const task = stage.task('overtaken')
    await stage.killedAt(task, 'cut_leg_a:before')
    const { store } = stage.app
    const seen = await store.effects((await stage.runOf(task)).runId)
    await hold.on(LOCK_AGAINST_WRITERS)
    const faster = await hold.heldUp(task)

    let looks = 0
    const late = async (id: string) => {
      looks += 1
      return looks <= 2 ? seen : store.effects(id)
    }
    const engine = await engineWith(task, () => ({ store: { ...store, effects: late } }))
    const { pid } = faster.process
    await expect(engine.resume(faster.runId, {})).rejects.toMatchObject({
      code: 'RUN_HELD',
      data: { holder: { pid } },
    })
    await hold.release()
    expect(await faster.ended).toMatchObject({ code: 0 })
    await expectWhole(task)
  })
})

test('nothing else is in the target', async () => {
  const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
  expect(await countRows(stage.sql)).toEqual(Object.fromEntries(each))
})
