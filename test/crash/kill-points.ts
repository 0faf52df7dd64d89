import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Mode } from '../../src/domain/run.ts'
import { type CrashHarness, startCrashHarness, UNITS } from './crash-harness.ts'
import { countAttempts, findPhaseRan, type RunResult, readRunResult } from './run-result.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

/** A point at which a process dies, the phase that the next command must find, and how it must get the phase's outcome. */
export interface KillPoint {
  where: string
  point: string
  /** The phase that ran in the dead process. Null where none did. */
  phase: string | null
  /** How the killed phase gets its result in the end. Null where no phase was killed. */
  ran: 'execute' | 'simulate' | 'probe' | null
  /** Where the killed phase writes, when it writes to the target and to its rehearsal copy. */
  place?: 'target' | 'copy'
}

/** Kills a run at each point, one after the other, each with a document of its own. The last test counts all rows of the target. */
export function testKillPoints(
  mode: Mode,
  points: KillPoint[],
  open: () => Promise<CrashHarness> = startCrashHarness,
): void {
  let harness: CrashHarness
  let undisturbed: RunResult
  let runs = 0
  const lines: string[] = []
  const kind = mode === 'live' ? 'live run' : 'dry run'

  beforeAll(async () => {
    harness = await open()
    undisturbed = await readRunResult(harness, await harness.finish(harness.task('undisturbed', mode)))
    runs += 1
  })
  afterAll(async () => {
    await harness?.remove()
    console.log(`${kind}: phase × kill point\n${lines.join('\n')}`)
  })

  test(`an undisturbed ${kind} leaves exactly its rows`, async () => {
    const found = Object.entries(undisturbed.rows).map(([table, { length }]) => [table, length])
    expect(Object.fromEntries(found)).toEqual(mode === 'live' ? expectedRowCounts(UNITS) : {})
    expect(undisturbed.events.filter(({ ran }) => ran !== undefined)).toHaveLength(13)
  })

  for (const { where, point, phase, ran, place } of points) {
    test(`a ${kind} that is killed at ${where}, ${point}, ends like an undisturbed one`, async () => {
      const task = harness.task(`${where}-${point}`, mode)
      await harness.killAt(task, `${place === undefined ? '' : `${place}/`}${where}:${point}`)
      if (where !== 'start' || point !== 'unsaved') expect((await harness.findRun(task)).phase).toBe(phase)

      const run = await harness.finish(task)
      runs += 1
      const found = await readRunResult(harness, run)
      expect(found).toEqual({ ...undisturbed, events: expect.anything() })
      expect(found.events.map(placeOf)).toEqual(undisturbed.events.map(placeOf))
      expect(countAttempts(found.events)).toEqual(phase === null ? {} : { [phase]: 2 })
      if (ran !== null) expect(findPhaseRan(found.events, where)).toBe(ran)
      lines.push(
        `${where.padEnd(20)}${point.padEnd(16)}${ran ?? ''}`.trimEnd().padEnd(48, ' .').concat(' ok'),
      )
    })
  }

  test(`${points.length} killed ${kind}s leave no other rows`, async () => {
    expect(runs).toBe(points.length + 1)
    const each = Object.entries(mode === 'live' ? expectedRowCounts(UNITS) : {})
    expect(await countRows(harness.sql)).toEqual(
      Object.fromEntries(each.map(([table, n]) => [table, n * runs])),
    )
  })
}

const placeOf = ({ type, state }: RunResult['events'][number]) => ({ type, state })
