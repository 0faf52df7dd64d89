import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { charter, historyOf, rehearse, resume, start, started } from '../support/cli-steps.ts'

let at: CutterHome
let runId: string
let approvalId: string

beforeAll(async () => {
  at = aCutterHome()
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
  runId = await started(at, { document: 'HELD', source: 'small.md' })
  approvalId = (await rehearse(at, runId)).approvalId
})

afterAll(() => at.remove())

const hold = (...args: string[]) => at.cutter(['hold', ...args, '--json'])
const show = (...args: string[]) => at.cutter(['run', 'show', runId, ...args])

describe('a hold', () => {
  test('a hold is off at first', async () => {
    expect(jsonOf(await hold('status'))).toEqual({
      on: false,
      since: null,
      reason: null,
      by: null,
      released: [],
    })
    expect(jsonOf(await show('--json'))).toMatchObject({ hold: null })
  })

  test('hold status and each open run show who switched the hold on, when and why', async () => {
    const status = jsonOf<{ since: string }>(await hold('on', '--reason', 'incident 12', '--by', 'carol'))
    expect(status).toMatchObject({ on: true, reason: 'incident 12', by: 'carol', released: [] })
    const { since } = status
    const binding = { since, reason: 'incident 12', by: 'carol' }
    expect(jsonOf(await show('--json'))).toMatchObject({ status: 'paused', hold: binding })
    const line = `hold    since ${since} (incident 12, carol)`
    expect((await show()).stdout).toContain(line)
    const list = await at.cutter(['run', 'list'])
    expect(list.stdout).toMatch(/paused, on hold/)
    expect(list.stdout).toContain(line)
    expect(jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))).toMatchObject([{ hold: binding }])
  })

  test('no run starts or continues under a hold, and the attempt leaves no entry', async () => {
    const before = await historyOf(at, runId)
    const starting = await start(at, { document: 'OTHER', source: 'small.md' })
    expect([starting.code, jsonOf(starting).error?.code]).toEqual([3, 'ON_HOLD'])
    const retry = await at.cutter(['run', 'retry', runId, '--json'])
    for (const answer of [await resume(at, runId), await resume(at, runId, approvalId), retry]) {
      expect([answer.code, jsonOf(answer).error]).toMatchObject([
        3,
        { code: 'ON_HOLD', message: expect.stringContaining('(incident 12, carol)') },
      ])
      expect(jsonOf(answer)).toMatchObject({ runId, hold: { by: 'carol' } })
      expect(answer.stderr).toContain(`cutter hold release ${runId}`)
    }
    expect(await historyOf(at, runId)).toEqual(before)
    expect(jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))).toHaveLength(1)
  })

  test('runs can be read and approvals made under a hold', async () => {
    for (const args of [
      ['run', 'show', runId],
      ['run', 'plan', runId],
      ['run', 'explain', runId],
      ['approval', 'rehearse', runId],
      ['approval', 'list'],
    ])
      expect((await at.cutter(args)).code).toBe(0)
  })

  test('a released run continues under a hold, and only that run', async () => {
    expect(jsonOf(await hold('release', runId.slice(-8)))).toMatchObject({ on: true, released: [runId] })
    const answer = await resume(at, runId, approvalId)
    expect([answer.code, jsonOf(answer)]).toMatchObject([0, { gate: 'SG2', hold: null }])
    expect((await start(at, { document: 'OTHER', source: 'small.md' })).code).toBe(3)
  })

  test('a hold that is switched on again binds released runs again', async () => {
    await hold('off')
    await hold('on', '--reason', 'incident 13')
    const answer = await resume(at, runId, (await rehearse(at, runId)).approvalId)
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([3, 'ON_HOLD'])
  })

  test('a run can be cancelled under a hold', async () => {
    expect(jsonOf(await at.cutter(['run', 'cancel', runId, '--reason', 'not now', '--json'])).outcome).toBe(
      'cancelled',
    )
    const answer = await resume(at, runId)
    expect([answer.code, jsonOf(answer).outcome, 'hold' in jsonOf(answer)]).toEqual([3, 'cancelled', false])
  })

  test('runs continue once the hold is off', async () => {
    expect(jsonOf(await hold('off', '--reason', 'over'))).toMatchObject({ on: false })
    expect((await start(at, { document: 'OTHER', source: 'small.md' })).code).toBe(0)
    const release = await hold('release', runId)
    expect([release.code, jsonOf(release).error?.code]).toEqual([2, 'INPUT_REFUSED'])
  })
})

test('anybody can switch a hold on, and only an operator can end it', async () => {
  at.file('cutter.yaml', 'operators: { deploybot: uid:4000000 }\n')
  try {
    expect((await hold('on', '--reason', 'smoke')).code).toBe(0)
    for (const args of [['off'], ['release', runId]]) {
      const answer = await hold(...args)
      expect(answer.code).not.toBe(0)
      expect(jsonOf(await hold('status'))).toMatchObject({ on: true, released: [] })
    }
    expect(jsonOf(await hold('off')).error?.code).toBe('OPERATOR_REFUSED')
  } finally {
    at.file('cutter.yaml', '{}\n')
    await hold('off')
  }
})

test.each([
  ['hold', 'on', '--reason', ''],
  ['hold', 'on', '--reason', ' \t '],
  ['hold', 'off', '--reason', ' '],
  ['execution', 'enable', '--for', '1h', '--reason', ' '],
  ['execution', 'disable', '--reason', ''],
  ['run', 'cancel', 'RUN', '--reason', ' '],
])('a blank reason is refused: %s %s %s %j', async (...args) => {
  const answer = await at.cutter([...args.map((arg) => (arg === 'RUN' ? runId : arg)), '--json'])
  expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'USAGE'])
  expect(jsonOf(await hold('status'))).toMatchObject({ on: false })
  expect(jsonOf(await at.cutter(['execution', 'status', '--json']))).toMatchObject({ enabled: false })
})
