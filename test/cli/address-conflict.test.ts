import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, rehearse, resume, rowsIn, start, started } from '../support/cli-steps.ts'

describe('an address that belongs to another document of the target', () => {
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

  test('a cut stops before it plans, and names the other document', async () => {
    await unitOf('Charter', 'CHARTER/ARTICLE-2')
    const before = await rowsIn(superuser)
    const answer = await start(at, { document: 'CHARTER', source: 'small.md' })
    expect(answer.code).toBe(3)
    const { state, stopCode, stop } = jsonOf(answer)
    expect([state, stopCode]).toEqual(['MARKED', 'STOP_REFUSED_INPUT'])
    expect(stop?.message).toContain('address CHARTER/ARTICLE-2 already belongs to document Charter')
    expect(stop?.next).toContain('--document Charter')
    expect(await rowsIn(superuser)).toEqual(before)
  })

  test('resume refuses when the address was taken while the run waited at its gate', async () => {
    const runId = await started(at, { document: 'statute', source: 'small.md' })
    const { approvalId } = await rehearse(at, runId)
    await unitOf('Statute', 'STATUTE/ARTICLE-1')
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer).error?.message).toContain(
      'address STATUTE/ARTICLE-1 already belongs to document Statute',
    )
  })

  test('a cut accepts a document id that differs in case only, if no address is shared', async () => {
    await unitOf('Code', 'CODE/ARTICLE-9')
    expect((await start(at, { document: 'CODE', source: 'small.md' })).code).toBe(0)
  })
})
