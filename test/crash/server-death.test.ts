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

/**
 * Deaths that the server has a part in: it still works for a client that is dead, or it dies itself. A session of the test
 * holds the run up by a lock, so that each death comes in the midst of a statement.
 */

let stage: CrashHarness
let undisturbed: RunResult
let runs = 0
let hold: LockSession

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

async function killServer(): Promise<void> {
  const { pid } = await readEmbeddedStatus({ home: stage.at.home })
  process.kill(pid!, 'SIGKILL')
}

async function expectWhole(task: Task): Promise<RunResult> {
  const run = await stage.finish(task)
  runs += 1
  const found = await readRunResult(stage, run)
  expect(found).toEqual({ ...undisturbed, events: expect.anything() })
  return found
}

const stopOf = ({ code, stdout }: Ending) => ({ code, stopCode: JSON.parse(stdout).stopCode })

describe('a server that still works for a dead client', () => {
  test('finishes and takes back leg A, for which the next command waits before it writes anew', async () => {
    const task = stage.task('dead-in-leg-a')
    await stage.until(task, 'SG1')
    await hold.on(LOCK_AGAINST_WRITERS)
    const first = await hold.heldUp(task)
    expect(first.statement).toContain('fn_iu_create')
    first.process.kill('SIGKILL')
    await first.ended

    const second = stage.begin(await stage.next(task))
    expect(await stage.blocked(first.runId, 2)).toContainEqual(
      expect.stringContaining('pg_advisory_xact_lock'),
    )
    await hold.release()
    expect(await second.ended).toMatchObject({ code: 0 })
    const { events } = await expectWhole(task)
    expect(findPhaseRan(events, 'cut_leg_a')).toBe('execute')
  })

  test('finishes its COMMIT of leg B, for which the next command waits and which it then finds', async () => {
    const task = stage.task('dead-in-commit')
    await stage.killedAt(task, 'structural_verify:saved')
    await hold.on(lockUnits(task))
    const first = await hold.heldUp(task)
    expect(first.statement).toBe('commit')
    first.process.kill('SIGKILL')
    await first.ended

    const second = stage.begin(await stage.next(task))
    expect(await stage.blocked(first.runId, 2)).toContainEqual(
      expect.stringContaining('pg_advisory_xact_lock'),
    )
    await hold.release()
    expect(await second.ended).toMatchObject({ code: 0 })
    const { events } = await expectWhole(task)
    expect(findPhaseRan(events, 'leg_b_record')).toBe('probe')
  })
})

describe('a server that is killed', () => {
  afterEach(async () => {
    await stage.reconnect()
  })

  test.each([
    ['while a phase reads', 'source_pin', 'start:saved', () => LOCK_AGAINST_ALL, 'STOP_TARGET_UNREACHABLE'],
    [
      'while it is asked what is there',
      'cut_leg_a',
      'recheck_cut:saved',
      lockDocument,
      'STOP_OUTCOME_UNKNOWN',
    ],
    [
      'in the midst of leg A',
      'cut_leg_a',
      'recheck_cut:saved',
      () => LOCK_AGAINST_WRITERS,
      'STOP_OUTCOME_UNKNOWN',
    ],
    [
      'in the midst of a COMMIT',
      'leg_b_record',
      'structural_verify:saved',
      lockUnits,
      'STOP_OUTCOME_UNKNOWN',
    ],
  ])('%s stops the run, which goes on from there', async (when, phase, until, lock, stopCode) => {
    const task = stage.task(`killed-${when.replaceAll(' ', '-')}`)
    await stage.killedAt(task, until)
    await hold.on(lock(task))
    const first = await hold.heldUp(task)
    expect(first.statement === 'commit').toBe(when.includes('COMMIT'))
    await killServer()

    expect(stopOf(await first.ended)).toEqual({ code: 3, stopCode })
    expect(await stage.runOf(task)).toMatchObject({ status: 'stopped', phase })

    await stage.until(task, phase === 'source_pin' ? 'SG1' : 'SG2')
    await stage.reconnect()
    const { events } = await expectWhole(task)
    expect(findPhaseRan(events, phase)).toBe('execute')
  })

  test('with the client in the same moment leaves a run that goes on', async () => {
    const task = stage.task('both-killed')
    await stage.killedAt(task, 'recheck_cut:saved')
    await hold.on(LOCK_AGAINST_WRITERS)
    const first = await hold.heldUp(task)
    first.process.kill('SIGKILL')
    await killServer()
    await first.ended

    await stage.until(task, 'SG2')
    await stage.reconnect()
    await expectWhole(task)
  })
})

test('nothing else is in the target', async () => {
  const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
  expect(await countRows(stage.sql)).toEqual(Object.fromEntries(each))
})
