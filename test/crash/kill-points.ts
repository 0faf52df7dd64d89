import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Mode } from '../../src/domain/run.ts'
import { type CrashHarness, startCrashHarness, UNITS } from './crash-harness.ts'
import { countAttempts, findPhaseRan, type RunResult, readRunResult } from './run-result.ts'
import { countRows, expectedRowCounts } from './target-rows.ts'

/** A point of death, what the next command must then find, and how it must get the phase's outcome. */
export interface KillPoint {
  where: string
  point: string
  /** The phase at work in the dead process; null where none was. */
  phase: string | null
  /** How the phase that was killed came to its result in the end; null where no phase was. */
  ran: 'execute' | 'simulate' | 'probe' | null
}

/** One after the other, each in a document of its own; the last test counts everything that is in the target. */
export function testKillPoints(mode: Mode, points: KillPoint[]): void {
  let stage: CrashHarness
  let undisturbed: RunResult
  let runs = 0
  const lines: string[] = []
  const kind = mode === 'live' ? 'live run' : 'dry run'

  beforeAll(async () => {
    stage = await startCrashHarness()
    undisturbed = await readRunResult(stage, await stage.finish(stage.task('undisturbed', mode)))
    runs += 1
  })
  afterAll(async () => {
    await stage?.remove()
    console.log(`${kind}: phase × point of death\n${lines.join('\n')}`)
  })

  test(`an undisturbed ${kind} leaves exactly its rows`, async () => {
    const found = Object.entries(undisturbed.rows).map(([table, { length }]) => [table, length])
    expect(Object.fromEntries(found)).toEqual(mode === 'live' ? expectedRowCounts(UNITS) : {})
    expect(undisturbed.events.filter(({ ran }) => ran !== undefined)).toHaveLength(13)
  })

  for (const { where, point, phase, ran } of points) {
    test(`a ${kind} that is killed at ${where}, ${point}, ends as if nothing had happened`, async () => {
      const task = stage.task(`${where}-${point}`, mode)
      await stage.killedAt(task, `${where}:${point}`)
      if (where !== 'start' || point !== 'unsaved') expect((await stage.runOf(task)).phase).toBe(phase)

      const run = await stage.finish(task)
      runs += 1
      const found = await readRunResult(stage, run)
      expect(found).toEqual({ ...undisturbed, events: expect.anything() })
      expect(found.events.map(placeOf)).toEqual(undisturbed.events.map(placeOf))
      expect(countAttempts(found.events)).toEqual(phase === null ? {} : { [phase]: 2 })
      if (ran !== null) expect(findPhaseRan(found.events, where)).toBe(ran)
      lines.push(
        `${where.padEnd(20)}${point.padEnd(16)}${ran ?? ''}`.trimEnd().padEnd(48, ' .').concat(' ok'),
      )
    })
  }

  test(`nothing else is left by ${points.length} ${kind}s that were killed`, async () => {
    expect(runs).toBe(points.length + 1)
    const each = Object.entries(mode === 'live' ? expectedRowCounts(UNITS) : {})
    expect(await countRows(stage.sql)).toEqual(
      Object.fromEntries(each.map(([table, n]) => [table, n * runs])),
    )
  })
}

const placeOf = ({ type, state }: RunResult['events'][number]) => ({ type, state })
