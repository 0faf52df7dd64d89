import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CrashHarness, type Ending, startCrashHarness, UNITS } from './crash-harness.ts'

// A live write whose process died while the target has gone: the run cannot be closed before the target has answered.

const ROLES = ['cutter_reader', 'cutter_executor', 'cutter_verifier']

let harness: CrashHarness
beforeAll(async () => {
  harness = await startCrashHarness()
})
afterAll(async () => {
  await harness?.remove()
})

/** The target lets nobody in, or lets them in again. */
async function letIn(allowed: boolean): Promise<void> {
  for (const role of ROLES) await harness.sql.query(`alter role ${role} ${allowed ? 'login' : 'nologin'}`)
}

const errorOf = ({ stdout }: Ending) => JSON.parse(stdout).error as { code: string; message: string }
const unitsOf = async (document: string) => {
  const { rows } = await harness.sql.query(
    'select count(*)::int as units from public.information_unit where canonical_address like $1',
    [`${document}/%`],
  )
  return rows[0].units as number
}

/** The closeout for people of a run. */
function closeoutOf(runId: string): string {
  const folder = harness.at.path(join('var/runs', runId))
  const name = readdirSync(folder, { recursive: true }).find((file) => String(file).endsWith('closeout.md'))
  return readFileSync(join(folder, String(name)), 'utf8')
}

describe.each([
  ['that was committed', 'cut_leg_a:committed', UNITS],
  ['that was not sent', 'cut_leg_a:begun', 0],
])('a cut killed at a write %s, whose target lets nobody in', (_, crashAt, units) => {
  test('cannot be cancelled until the target answers, and its closeout says what stands', async () => {
    const task = harness.task(`gone-${units}`)
    await harness.killAt(task, crashAt)
    const { runId } = await harness.findRun(task)
    const cancel = ['run', 'cancel', runId, '--reason', 'the target is gone', '--json']
    await letIn(false)
    const stopped = await harness.run(['run', 'resume', runId, '--json'])
    expect(JSON.parse(stopped.stdout)).toMatchObject({ status: 'stopped' })
    for (let times = 0; times < 2; times++) {
      const refused = await harness.run(cancel)
      expect(refused.code).not.toBe(0)
      expect(errorOf(refused)).toMatchObject({
        code: 'EVENT_REFUSED',
        message: expect.stringContaining('has begun the write cut_leg_a'),
      })
    }
    expect(await harness.findRun(task)).toMatchObject({ outcome: null })

    await letIn(true)
    const closed = await harness.run(cancel)
    expect(JSON.parse(closed.stdout)).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    expect(await unitsOf(task.document)).toBe(units)
    const closeout = closeoutOf(runId)
    expect(closeout).toMatch(
      units > 0
        ? /`cut_leg_a` was done \(probe\)/
        : /`cut_leg_a` was started; the target answered in entry \d+ that it was not committed/,
    )
    expect(closeout).not.toContain('no write was done')
  })
})
