import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutBench, CutRun, startCutBench } from './cut-fixture.ts'

// A process that was suspended comes back, while a later attempt of its run has been at the target.

let bench: CutBench
beforeAll(async () => {
  bench = await startCutBench()
})
afterAll(() => bench?.cluster.stop())

/** The same run in the hands of a process that claimed it later. */
function later(run: CutRun, token: { seq: number; attempt: number }): CutRun {
  const other = Object.create(run) as CutRun
  const context = Object.create(run.context, { token: { value: { run: run.context.runId, ...token } } })
  return Object.defineProperty(other, 'context', { value: context })
}

const REFUSED = {
  facts: {
    code: 'STOP_FENCED',
    message: expect.stringContaining('than 9.1'),
    next: expect.stringContaining('cutter run show'),
  },
}

describe('a cut on its target', () => {
  test.each([
    ['a later claim of the same step', { seq: 9, attempt: 2 }],
    ['a later step', { seq: 10, attempt: 1 }],
  ])('refuses a write and a probe after the probe of %s', async (_, token) => {
    const run = new CutRun(bench)
    const { given } = await run.planned()
    expect(await later(run, token).probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
    await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject(REFUSED)
    await expect(run.probe('cut_leg_a', given)).rejects.toMatchObject(REFUSED)
    expect(await run.units()).toEqual([])
    expect(await later(run, token).execute('cut_leg_a', given)).toMatchObject({ output: { created: 2 } })
  })

  test('takes an equal token again, and each run has its own', async () => {
    const run = new CutRun(bench)
    const { given } = await run.planned()
    const other = new CutRun(bench)
    await later(other, { seq: 90, attempt: 1 }).probe('cut_leg_a', (await other.planned()).given)
    expect(await run.probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
    expect(await run.execute('cut_leg_a', given)).toMatchObject({ output: { created: 2 } })
    expect(await run.probe('cut_leg_a', given)).toMatchObject({ outcome: 'committed' })
  })

  test('that an earlier version prepared is not written to, and the message says what to do', async () => {
    const run = new CutRun(bench)
    const { given } = await run.planned()
    const { superuser } = bench.cluster
    await superuser.query('alter schema cutter_fencing rename to of_a_later_version')
    try {
      const refused = {
        facts: { code: 'STOP_TARGET_REFUSED', next: expect.stringContaining('cutter target init') },
      }
      await expect(run.planned()).rejects.toMatchObject(refused)
      await expect(run.probe('cut_leg_a', given)).rejects.toMatchObject(refused)
      await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject(refused)
      expect(await run.units()).toEqual([])
    } finally {
      await superuser.query('alter schema of_a_later_version rename to cutter_fencing')
    }
  })
})
