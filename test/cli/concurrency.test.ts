import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  aSigner,
  charter,
  enableExecution,
  growth,
  historyOf,
  LIVE,
  rehearse,
  rehearseOn,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'

let at: CutterHome
let key: string
let superuser: pg.Client
let undisturbed: string[]

beforeAll(async () => {
  at = aCutterHome(LIVE)
  key = aSigner(at)
  at.file('small.md', charter('One.'))
  await at.server()
  await enableExecution(at)
  const runId = await started(at, { document: 'ALONE', source: 'small.md' })
  await rehearseOn(at, runId)
  await rehearseOn(at, runId)
  undisturbed = await eventsOf(runId)
  superuser = await at.superuser()
})

afterAll(() => at.remove())

/** Without what a process that came too late leaves: a refusal, which moves nothing. */
async function eventsOf(runId: string): Promise<string[]> {
  const types = (await historyOf(at, runId)).map(({ event }) => event.type)
  return types.filter((type) => type !== 'cutter.approval-refused')
}

/** Two processes bring one approval at the same moment. Gives the one that worked, and whether the other met it at work. */
async function both(runId: string, approvalId: string): Promise<{ winner: RunJson; met: boolean }> {
  const answers = await Promise.all([resume(at, runId, approvalId), resume(at, runId, approvalId)])
  const [winner, loser] = answers.sort((one, other) => one.code - other.code) as [Answer, Answer]
  expect([winner.code, loser.code]).toEqual([0, 3])
  const { error } = jsonOf(loser)
  if (error?.code === 'RUN_HELD') {
    expect(error.message).toMatch(/is held by process \d+ on /)
    expect(error.holder?.pid).toBeGreaterThan(1)
    expect(error.next).toContain(`cutter run show ${runId}`)
    return { winner: jsonOf(winner), met: true }
  }
  // On a busy machine the second may begin only once the first is done.
  expect(error).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'ALREADY_USED' })
  return { winner: jsonOf(winner), met: false }
}

describe('three processes that start with one key and the same input at the same moment', () => {
  test('three starts make one run: the first works on it, and the others are refused or get its result', async () => {
    for (let round = 0; round < 4; round += 1) {
      const begin = () =>
        start(at, { document: 'KEYED', source: 'small.md', more: ['--key', `key-${round}`] })
      const answers = await Promise.all([begin(), begin(), begin()])
      const codes = answers.map((answer) => jsonOf(answer).error?.code ?? jsonOf(answer).gate)
      expect(codes).toContain('SG1')
      expect(codes.filter((code) => code !== 'SG1' && code !== 'RUN_HELD')).toEqual([])
      const ids = answers.map((answer) => jsonOf(answer).runId)
      expect(new Set(ids).size).toBe(1)
      expect(jsonOf(await begin())).toMatchObject({ runId: ids[0], gate: 'SG1' })
    }
    const other = await start(at, { document: 'OTHER', source: 'small.md', more: ['--key', 'key-0'] })
    expect([other.code, jsonOf(other).error?.code]).toEqual([2, 'KEY_REUSED'])
  }, 120_000)
})

describe('two processes that resume one run under one approval at the same moment', () => {
  test('two resumes do the work of a run once: sixteen gates of eight dry runs', async () => {
    let met = 0
    for (let round = 0; round < 8; round += 1) {
      const runId = await started(at, { document: `DRY-${round}`, source: 'small.md' })
      for (const [gate, status] of [
        ['SG2', 'paused'],
        [null, 'closed'],
      ]) {
        const result = await both(runId, (await rehearse(at, runId)).approvalId)
        expect(result.winner).toMatchObject({ gate, status })
        if (result.met) met += 1
      }
      expect(await eventsOf(runId)).toEqual(undisturbed)
    }
    expect(met).toBeGreaterThan(8)
  }, 180_000)

  test('two resumes write the rows of a run once: four gates of two live runs', async () => {
    for (const document of ['LIVE-1', 'LIVE-2']) {
      const before = await rowsIn(superuser)
      const runId = await started(at, { document, source: 'small.md', mode: 'live' })
      await both(runId, (await sign(at, runId, key)).approvalId)
      expect(growth(before, await rowsIn(superuser))).toEqual({
        units: 1,
        versions: 1,
        log: 0,
        governance: 15,
      })
      const { winner } = await both(runId, (await sign(at, runId, key)).approvalId)
      expect(winner.outcome).toBe('succeeded')
      expect(growth(before, await rowsIn(superuser))).toEqual({
        units: 1,
        versions: 1,
        log: 1,
        governance: 16,
      })
      expect(await eventsOf(runId)).toEqual(undisturbed)
      expect((await at.cutter(['run', 'history', runId, '--verify'])).code).toBe(0)
    }
  })

  test('two resumes with two approvals of one gate use one of them, and the other is refused', async () => {
    const runId = await started(at, { document: 'TWO', source: 'small.md' })
    const [one, other] = [await rehearse(at, runId), await rehearse(at, runId)]
    const answers = await Promise.all([
      resume(at, runId, one.approvalId),
      resume(at, runId, other.approvalId),
    ])
    expect(answers.map(({ code }) => code).sort()).toEqual([0, 3])
    const unused = answers[0]!.code === 3 ? one : other
    const late = await resume(at, runId, unused.approvalId)
    expect(late.code).toBe(3)
    expect(jsonOf(late)).toMatchObject({ gate: 'SG2', error: { reason: 'OTHER_GATE' } })
  })

  test('two resumes with an approval and a rejection end as one of the two decides', async () => {
    const runId = await started(at, { document: 'EITHER', source: 'small.md' })
    const yes = await rehearse(at, runId)
    const no = await rehearse(at, runId, '--decision', 'reject')
    await Promise.all([resume(at, runId, yes.approvalId), resume(at, runId, no.approvalId)])
    const decisions = (await eventsOf(runId)).filter((type) => type === 'APPROVE' || type === 'REJECT')
    expect(decisions).toHaveLength(1)
    const { gate, outcome } = jsonOf(await at.cutter(['run', 'show', runId, '--json']))
    expect([gate, outcome]).toEqual(decisions[0] === 'APPROVE' ? ['SG2', null] : [null, 'rejected'])
  })
})
