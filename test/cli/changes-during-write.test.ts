import { renameSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  disableExecution,
  enableExecution,
  growth,
  historyOf,
  resume,
  rowsIn,
  sign,
  started,
} from '../support/cli-steps.ts'
import { aLiveHome, whileLegAWrites } from './live-home.ts'

/** What a second process does while a live run writes: the run is held up in leg A by a lock of the test's. */

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
})

afterAll(() => at.remove())

const live = (document: string, source = 'small.md') => started(at, { document, source, mode: 'live' })

/** Approves the run's plan, does the deed while leg A is under way, and gives the run's answer. */
async function duringLegA(runId: string, deed: () => Promise<unknown>): Promise<Answer> {
  const { approvalId } = await sign(at, runId, key)
  return whileLegAWrites({ at, superuser, runId, approvalId }, deed)
}

const LEG_A = { units: 2, versions: 2, log: 0, governance: 0 }

describe('a live run during leg A', () => {
  test('the run stops before its next write when the execution switch is disabled, and continues once it is enabled', async () => {
    const runId = await live('SWITCHED')
    const before = await rowsIn(superuser)
    const answer = await duringLegA(runId, () => disableExecution(at))
    expect([answer.code, jsonOf(answer)]).toMatchObject([
      3,
      {
        status: 'stopped',
        stopCode: 'STOP_EXECUTION_DISABLED',
        state: 'STRUCTURAL_VERIFIED',
        phase: 'leg_b_record',
      },
    ])
    expect(growth(before, await rowsIn(superuser))).toEqual(LEG_A)
    const refusal = (await historyOf(at, runId)).at(-1)!.event.error as { data: { [key: string]: unknown } }
    expect(refusal.data.executionSwitch).toMatchObject({ enabled: false })

    expect(jsonOf(await resume(at, runId)).stopCode).toBe('STOP_EXECUTION_DISABLED')
    await enableExecution(at)
    expect(jsonOf(await resume(at, runId)).gate).toBe('SG2')
  })

  test('the run stops before its next write when a hold is switched on, and continues once it is released', async () => {
    const runId = await live('HELD')
    const before = await rowsIn(superuser)
    const answer = await duringLegA(runId, () =>
      at.cutter(['hold', 'on', '--reason', 'incident', '--by', 'carol']),
    )
    try {
      expect([answer.code, jsonOf(answer)]).toMatchObject([
        3,
        {
          status: 'stopped',
          stopCode: 'STOP_HOLD',
          state: 'STRUCTURAL_VERIFIED',
          hold: { reason: 'incident', by: 'carol' },
        },
      ])
      expect(growth(before, await rowsIn(superuser))).toEqual(LEG_A)
      const again = await resume(at, runId)
      expect([again.code, jsonOf(again).error?.code]).toEqual([3, 'ON_HOLD'])

      await at.cutter(['hold', 'release', runId])
      const released = await resume(at, runId)
      expect([released.code, jsonOf(released)]).toMatchObject([0, { gate: 'SG2', hold: null }])
      const written = (await historyOf(at, runId)).filter(({ event }) => event.hold !== undefined)
      expect(written.map(({ event }) => [event.actorId, event.hold])).toMatchObject([
        ['cut_leg_a', { on: false, released: false, since: null }],
        ['leg_b_record', { on: true, released: true }],
        ['write_verify', { on: true, released: true }],
      ])
    } finally {
      await at.cutter(['hold', 'off'])
    }
  })

  test('the stop of a later phase says that this phase changed nothing and that earlier writes stay', async () => {
    at.file('gone.md', '## Article 1\n\nOne.\n')
    const runId = await live('GONE', 'gone.md')
    const answer = await duringLegA(runId, async () => renameSync(at.path('gone.md'), at.path('away.md')))
    expect([answer.code, jsonOf(answer)]).toMatchObject([3, { status: 'stopped', state: 'LEG_B_RECORDED' }])
    const { message } = jsonOf(answer).stop!
    expect(message).toContain('gone.md')
    expect(message).toContain(
      'write_verify changed nothing, and what cut_leg_a and leg_b_record wrote earlier stays',
    )
    expect(message).not.toContain('nothing was touched')
    renameSync(at.path('away.md'), at.path('gone.md'))
    expect(jsonOf(await resume(at, runId)).gate).toBe('SG2')
  })
})
