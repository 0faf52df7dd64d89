import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readEmbeddedStatus } from '../../src/targets/embedded/open-embedded.ts'
import { type CrashHarness, type Ending, startCrashHarness, type Task, UNITS } from './crash-harness.ts'
import {
  createLockSession,
  LOCK_AGAINST_ALL,
  LOCK_AGAINST_WRITERS,
  type LockSession,
  lockDocument,
  lockUnits,
} from './lock-session.ts'
import { findPhaseRan, type RunResult, readRunResult } from './run-result.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

// The server still works for a dead client, or it is killed itself. A session of the test blocks the run by a lock, so that each process dies
// during a statement.

let harness: CrashHarness
let undisturbed: RunResult
let runs = 0
let lock: LockSession

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

async function killServer(): Promise<void> {
  const { pid } = await readEmbeddedStatus({ home: harness.at.home })
  process.kill(pid!, 'SIGKILL')
}

async function expectUndisturbed(task: Task): Promise<RunResult> {
  const run = await harness.finish(task)
  runs += 1
  const found = await readRunResult(harness, run)
  expect(found).toEqual({ ...undisturbed, events: expect.anything() })
  return found
}

const stopOf = ({ code, stdout }: Ending) => ({ code, stopCode: JSON.parse(stdout).stopCode })

describe('a server that still works for a dead client', () => {
  test('rolls back leg A, and the next command waits for that and then writes it', async () => {
    const task = harness.task('dead-in-leg-a')
    await harness.finishUntil(task, 'SG1')
    await lock.take(LOCK_AGAINST_WRITERS)
    const first = await lock.startBlocked(task)
    expect(first.statement).toContain('fn_iu_create')
    first.process.kill('SIGKILL')
    await first.ended

    const second = harness.start(await harness.nextCommand(task))
    expect(await harness.waitForBlocked(first.runId, 2)).toContainEqual(
      expect.stringContaining('cutter_fencing.token'),
    )
    await lock.release()
    expect(await second.ended).toMatchObject({ code: 0 })
    const { events } = await expectUndisturbed(task)
    expect(findPhaseRan(events, 'cut_leg_a')).toBe('execute')
  })

  test('finishes its COMMIT of leg B, and the next command waits for that and then finds it', async () => {
    const task = harness.task('dead-in-commit')
    await harness.killAt(task, 'structural_verify:saved')
    await lock.take(lockUnits(task))
    const first = await lock.startBlocked(task)
    expect(first.statement).toBe('commit')
    first.process.kill('SIGKILL')
    await first.ended

    const second = harness.start(await harness.nextCommand(task))
    expect(await harness.waitForBlocked(first.runId, 2)).toContainEqual(
      expect.stringContaining('cutter_fencing.token'),
    )
    await lock.release()
    expect(await second.ended).toMatchObject({ code: 0 })
    const { events } = await expectUndisturbed(task)
    expect(findPhaseRan(events, 'leg_b_record')).toBe('probe')
  })
})

describe('a server that is killed', () => {
  afterEach(async () => {
    await harness.reconnect()
  })

  test.each([
    ['while a phase reads', 'source_pin', 'start:saved', () => LOCK_AGAINST_ALL, 'STOP_TARGET_UNREACHABLE'],
    ['while it is probed', 'cut_leg_a', 'recheck_cut:saved', lockDocument, 'STOP_TARGET_UNREACHABLE'],
    ['during leg A', 'cut_leg_a', 'recheck_cut:saved', () => LOCK_AGAINST_WRITERS, 'STOP_TARGET_UNREACHABLE'],
    ['during a COMMIT', 'leg_b_record', 'structural_verify:saved', lockUnits, 'STOP_OUTCOME_UNKNOWN'],
  ])('%s stops the run, which continues from there', async (when, phase, until, lockFor, stopCode) => {
    const task = harness.task(`killed-${when.replaceAll(' ', '-')}`)
    await harness.killAt(task, until)
    await lock.take(lockFor(task))
    const first = await lock.startBlocked(task)
    expect(first.statement === 'commit').toBe(when.includes('COMMIT'))
    await killServer()

    expect(stopOf(await first.ended)).toEqual({ code: 3, stopCode })
    expect(await harness.findRun(task)).toMatchObject({ status: 'stopped', phase })

    await harness.finishUntil(task, phase === 'source_pin' ? 'SG1' : 'SG2')
    await harness.reconnect()
    const { events } = await expectUndisturbed(task)
    expect(findPhaseRan(events, phase)).toBe('execute')
  })

  test('at the same moment as the client leaves a run that can be resumed', async () => {
    const task = harness.task('both-killed')
    await harness.killAt(task, 'recheck_cut:saved')
    await lock.take(LOCK_AGAINST_WRITERS)
    const first = await lock.startBlocked(task)
    first.process.kill('SIGKILL')
    await killServer()
    await first.ended

    await harness.finishUntil(task, 'SG2')
    await harness.reconnect()
    await expectUndisturbed(task)
  })
})

test('the target holds no other rows', async () => {
  const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
  expect(await countRows(harness.sql)).toEqual(Object.fromEntries(each))
})
