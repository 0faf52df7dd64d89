import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type CrashHarness,
  describeEnding,
  type Ending,
  type Running,
  startCrashHarness,
  type Task,
  UNITS,
} from './crash-harness.ts'
import { type RunResult, readRunResult } from './run-result.ts'
import { expectHeld, hideOwner, wake } from './suspended.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

/**
 * A process that is suspended (SIGSTOP) at each point between the claim of a write of a cut and its outcome, and wakes when another
 * process, to which it seemed dead, has done the work.
 */

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

const PHASES = ['cut_leg_a', 'leg_b_record', 'write_verify', 'lifecycle_enact'] as const
/** `before`: its claim was read again, nothing is sent. `done`: its answer is there, no step is saved. */
const POINTS = ['before', 'begun', 'before-commit', 'commit-sent', 'committed', 'done'] as const
/** The first transaction of `write_verify` is on a rehearsal copy, where nobody waits for it. */
const OVERTAKEN = PHASES.filter((phase) => phase !== 'write_verify')
/** Its transaction holds the row of the run's token, so that nobody overtakes it. */
const IN_TRANSACTION: string[] = ['begun', 'before-commit']

let harness: CrashHarness
let undisturbed: RunResult
let runs = 0

beforeAll(async () => {
  harness = await startCrashHarness()
  undisturbed = await readRunResult(harness, await harness.finish(harness.task('undisturbed')))
  runs += 1
})
afterAll(() => harness?.remove())

/** Ends the transaction of a session that sends nothing, as the server does after a minute. */
const endTransaction = (runId: string) =>
  harness.sql.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
    `cutter ${runId}`,
  ])

async function expectUndisturbed(task: Task): Promise<void> {
  const found = await readRunResult(harness, await harness.findRun(task))
  expect(found).toEqual({ ...undisturbed, events: expect.anything() })
  expect(found.events.map(({ type, state }) => [type, state])).toEqual(
    undisturbed.events.map(({ type, state }) => [type, state]),
  )
}

const expectRefused = (ending: Ending) =>
  expect(ending, describeEnding(ending)).toMatchObject({ code: 3, signal: null })

test.each(POINTS)(
  'a cut that is suspended in each of its writes at %s writes nothing when it comes back late',
  async (point) => {
    const task = harness.task(`late-${point}`)
    const asleep: Running[] = []
    for (const phase of PHASES) {
      const stale = await harness.suspendAt(task, `${phase}:${point}`)
      asleep.push(stale)
      const { runId } = await harness.findRun(task)
      await expectHeld(harness.at, runId, stale)
      await hideOwner(harness.at, runId)
      if (IN_TRANSACTION.includes(point)) await endTransaction(runId)
    }
    await harness.finish(task)
    runs += 1
    await expectUndisturbed(task)

    for (const stale of asleep) expectRefused(await wake(stale))
    await expectUndisturbed(task)
  },
)

test.each(OVERTAKEN.flatMap((phase) => IN_TRANSACTION.map((point) => [phase, point] as const)))(
  'a cut that comes back in %s at %s, while another process asks the target, writes once',
  async (phase, point) => {
    const task = harness.task(`soon-${phase}-${point}`)
    const stale = await harness.suspendAt(task, `${phase}:${point}`)
    const { runId } = await harness.findRun(task)
    await hideOwner(harness.at, runId)
    const other = harness.start(['run', 'resume', runId, '--json'])
    await harness.waitForBlocked(runId)
    expectRefused(await wake(stale))
    expect(await other.ended).toMatchObject({ code: 0 })
    await harness.finish(task)
    runs += 1
    await expectUndisturbed(task)
  },
)

test('suspended cuts leave no other rows', async () => {
  const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
  expect(await countRows(harness.sql)).toEqual(Object.fromEntries(each))
})
