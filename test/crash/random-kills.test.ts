import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CrashHarness, describeEnding, killAfter, startCrashHarness, UNITS } from './crash-harness.ts'
import { type RunResult, readRunResult } from './run-result.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

// Kills at any moment, from the loading of modules to the end of the process. The moments are drawn from seeds.

const KILLS = 10

describe('a run that is killed ten times in a row', () => {
  let harness: CrashHarness
  let undisturbed: RunResult
  let runs = 0

  beforeAll(async () => {
    harness = await startCrashHarness()
    undisturbed = await readRunResult(harness, await harness.finish(harness.task('undisturbed')))
    runs += 1
  })
  afterAll(async () => {
    await harness?.remove()
  })

  test.each([11, 12, 13, 14, 15])('leaves the rows of an undisturbed run with seed %i', async (seed) => {
    const task = harness.task(`seed-${seed}`)
    const random = drawnFrom(seed)
    let kills = 0
    while (kills < KILLS) {
      const found = await harness.app.store.runByKey(task.key)
      if (found?.status === 'closed') break
      const running = harness.start(await harness.nextCommand(task))
      const ending = await killAfter(running, 60 + 500 * random())
      if (ending.signal === 'SIGKILL') kills += 1
      else expect(ending.code, describeEnding(ending)).toBe(0)
    }
    const run = await harness.finish(task)
    runs += 1
    expect(kills).toBeGreaterThan(0)
    expect(await readRunResult(harness, run)).toEqual({ ...undisturbed, events: expect.anything() })
  })

  test('leaves no other rows in the target', async () => {
    const each = Object.entries(expectedRowCounts(UNITS)).map(([table, n]) => [table, n * runs])
    expect(await countRows(harness.sql)).toEqual(Object.fromEntries(each))
  })
})

/** Numbers from 0 to 1, the same for the same seed: Marsaglia's xorshift with 32 bits. */
function drawnFrom(seed: number): () => number {
  let state = seed * 2_654_435_769
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
