import { rmSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  charter,
  historyOf,
  rehearse,
  rehearseOn,
  resume,
  rowsIn,
  start,
  started,
} from '../support/cli-steps.ts'

describe('a rehearsal’s copy that is gone', () => {
  test('is told as that between the gates, with what next, and leaves the approval unused', async () => {
    const at = aCutterHome()
    try {
      at.file('small.md', charter('One.'))
      const runId = await started(at, { document: 'GONE', source: 'small.md' })
      expect(jsonOf(await rehearseOn(at, runId)).gate).toBe('SG2')
      rmSync(at.path('var/embedded'), { recursive: true })

      const { approvalId } = await rehearse(at, runId)
      const answer = await resume(at, runId, approvalId)
      expect(answer.code).toBe(3)
      const { error, gate } = jsonOf(answer)
      expect([gate, error?.code]).toEqual(['SG2', 'APPROVAL_REFUSED'])
      expect(error?.message).toContain('the embedded server’s data were removed or made anew since')
      expect(error?.message).not.toMatch(/password|login/)
      expect(error?.next).toContain(`cutter run cancel ${runId}`)
      expect(error?.next).toContain('start another run')
      expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({ reason: 'WORLD_NOT_CHECKED' })
      expect((await at.cutter(['run', 'cancel', runId, '--reason', 'its rehearsal is gone'])).code).toBe(3)
      expect((await start(at, { document: 'GONE', source: 'small.md' })).code).toBe(0)
    } finally {
      await at.remove()
    }
  })
})

describe('an address that another document has in the target', () => {
  let at: CutterHome
  let superuser: pg.Client

  beforeAll(async () => {
    at = aCutterHome()
    at.file('small.md', charter('One.', 'Two.'))
    await at.server()
    await at.cutter(['target', 'init', 'embedded'])
    superuser = await at.superuser()
  })
  afterAll(() => at.remove())

  const unitOf = (document: string | null, address: string) =>
    superuser.query(
      `select * from fn_iu_create(p_address => $1, p_title => 'x', p_body => 'x', p_actor => 'x', p_doc_code => $2)`,
      [address, document],
    )

  test('stops a run before it plans, and names the other document', async () => {
    await unitOf('Charter', 'CHARTER/ARTICLE-2')
    const before = await rowsIn(superuser)
    const answer = await start(at, { document: 'CHARTER', source: 'small.md' })
    expect(answer.code).toBe(3)
    const { state, stopCode, stop } = jsonOf(answer)
    expect([state, stopCode]).toEqual(['MARKED', 'STOP_REFUSED_INPUT'])
    expect(stop?.message).toContain('address CHARTER/ARTICLE-2 belongs to document Charter')
    expect(stop?.next).toContain('--document Charter')
    expect(await rowsIn(superuser)).toEqual(before)
  })

  test('is found at the gate too, where it came between', async () => {
    const runId = await started(at, { document: 'statute', source: 'small.md' })
    const { approvalId } = await rehearse(at, runId)
    await unitOf('Statute', 'STATUTE/ARTICLE-1')
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer).error?.message).toContain('address STATUTE/ARTICLE-1 belongs to document Statute')
  })

  test('is none where ids differ in case and their units don’t meet', async () => {
    await unitOf('Code', 'CODE/ARTICLE-9')
    expect((await start(at, { document: 'CODE', source: 'small.md' })).code).toBe(0)
  })
})
