import { resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type ApprovalJson, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { historyOf } from '../support/cli-steps.ts'

/** The built program under a clock that is set back between two commands. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
/** Each `new Date()` and `Date.now()` of the process is late. */
const LATE_CLOCK = `
const { now } = Date
const late = () => now() - 3_600_000
globalThis.Date = class extends Date {
  constructor(...given) { given.length === 0 ? super(late()) : super(...given) }
  static now() { return late() }
}
`

let at: CutterHome
afterEach(() => at.remove())

test('run history --verify and verify name the entry at which the clock went back, and the record holds', async () => {
  at = aCutterHome()
  at.file('key', 'the first key\n')
  const start = ['run', 'start', EXAMPLE, '--file', at.path('key'), '--json']
  const { runId } = jsonOf(await at.cutter(start))
  const before = (await historyOf(at, runId)).at(-1)!
  const rehearse = ['approval', 'rehearse', runId, '--json']
  const { approvalId } = jsonOf<ApprovalJson>(await at.cutter(rehearse))
  const env = { NODE_OPTIONS: `--require=${at.file('late-clock.cjs', LATE_CLOCK)}` }
  const resumed = await at.cutter(['run', 'resume', '--approval', approvalId, '--json'], { env })
  expect(jsonOf(resumed).outcome).toBe('succeeded')

  const later = (await historyOf(at, runId)).filter(({ seq }) => seq > before.seq)
  expect(later.map(({ event }) => event.clock)).toEqual(
    later.map(() => ({ code: 'CLOCK_WENT_BACK', reading: expect.any(String) })),
  )
  const named = `CLOCK_WENT_BACK: at entry ${before.seq + 1} the clock read`
  const verified = await at.cutter(['run', 'history', runId, '--verify'])
  expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining(named)])
  expect((await at.cutter(['run', 'history', runId])).stderr).not.toContain('CLOCK_WENT_BACK')

  const bundle = at.path('run.tar')
  expect((await at.cutter(['run', 'export', runId, '--out', bundle])).code).toBe(0)
  const { stdout } = await at.cutter(['verify', bundle])
  expect(stdout).toContain('run.tar holds')
  expect(stdout).toContain(named)
})
