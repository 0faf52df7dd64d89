import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  aSigner,
  charter,
  enableExecution,
  LIVE,
  rehearse,
  rehearseOn,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from './acts.ts'

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  at = aCutterHome(LIVE)
  key = aSigner(at)
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
  await enableExecution(at)
  await at.cutter(['target', 'init', 'embedded'])
  superuser = await at.superuser()
})

afterAll(() => at.remove())

/** A unit written by somebody else than the run. */
const insertUnit = (document: string, address: string, text: string) =>
  superuser.query(
    `select * from fn_iu_create(p_address => $1, p_title => 'Article', p_body => $2, p_actor => 'somebody', p_doc_code => $3,
       p_sort_order => 1)`,
    [address, text, document],
  )

/** The first unit that a run plans to create, by address and text. */
async function firstPlanned(runId: string, source: string): Promise<{ address: string; text: string }> {
  const { stdout } = await at.cutter(['run', 'plan', runId])
  const [{ address, start, end }] = JSON.parse(stdout).actions
  return { address, text: readFileSync(at.path(source)).subarray(start, end).toString() }
}

function refusedForDrift(answer: Answer, words: string): RunJson {
  const run = jsonOf(answer)
  expect(answer.code).toBe(3)
  expect(run).toMatchObject({
    status: 'paused',
    state: 'AWAITING_CUT_AUTHORIZATION',
    gate: 'SG1',
    stopCode: 'STOP_APPROVAL_REQUIRED',
    error: { code: 'APPROVAL_REFUSED', reason: 'DRIFT' },
  })
  expect(answer.stderr).toContain(words)
  return run
}

/** What drift leads to at the first gate: a new plan there, for which a new approval counts and the old one does not. */
async function needsNewApproval(
  runId: string,
  old: { approvalId: string; planDigest: string },
  words: string,
) {
  const rows = await rowsIn(superuser)
  const run = refusedForDrift(await resume(at, runId, old.approvalId), words)
  expect(run.planDigest).not.toBe(old.planDigest)
  expect(await rowsIn(superuser)).toEqual(rows)

  const again = await resume(at, runId, old.approvalId)
  expect(again.code).toBe(3)
  expect(jsonOf(again).error?.reason).toBe('OTHER_ARRIVAL')
}

describe('drift found at the first gate', () => {
  async function closes(runId: string, goOn: (runId: string) => Promise<Answer>): Promise<RunJson> {
    const cut = await goOn(runId)
    expect(cut.stderr).toBe('')
    expect(jsonOf(cut).gate).toBe('SG2')
    const finished = jsonOf(await goOn(runId))
    expect(finished.outcome).toBe('succeeded')
    return finished
  }

  test('in the source file wants a new approval', async () => {
    at.file('source.md', charter('One.', 'Two.'))
    const runId = await started(at, { document: 'SOURCE', source: 'source.md', mode: 'live' })
    const old = await sign(at, runId, key)
    at.file('source.md', charter('One.', 'Two.', 'Three.'))
    await needsNewApproval(runId, old, 'the source file has another text')
    const finished = await closes(runId, (id) => approve(at, id, key))
    expect(finished.output).toMatchObject({ units: 3, enacted: 3 })
  })

  test('in the rows of the document wants a new approval, which adopts what is there', async () => {
    const runId = await started(at, { document: 'ROWS', source: 'small.md', mode: 'live' })
    const old = await sign(at, runId, key)
    const { address, text } = await firstPlanned(runId, 'small.md')
    await insertUnit('ROWS', address, text)
    await needsNewApproval(runId, old, `unit ${address} has appeared (draft)`)
    const finished = await closes(runId, (id) => approve(at, id, key))
    expect(finished.output.plan).toMatchObject({ create: 1, adopt: 1 })
  })

  test('wants the same in a dry run, whose copy is made anew', async () => {
    const runId = await started(at, { document: 'DRY-ROWS', source: 'small.md' })
    const old = await rehearse(at, runId)
    const { address, text } = await firstPlanned(runId, 'small.md')
    await insertUnit('DRY-ROWS', address, text)
    await needsNewApproval(runId, old, `unit ${address} has appeared (draft)`)
    const finished = await closes(runId, (id) => rehearseOn(at, id))
    expect(finished.output).toMatchObject({ plan: { create: 1, adopt: 1 }, counts: { identical: true } })
  })

  test('is none when another document was cut meanwhile', async () => {
    const runId = await started(at, { document: 'CALM', source: 'small.md', mode: 'live' })
    const approved = await sign(at, runId, key)
    const other = await started(at, { document: 'BUSY', source: 'small.md', mode: 'live' })
    await approve(at, other, key)
    const answer = await resume(at, runId, approved.approvalId)
    expect(answer.code).toBe(0)
    expect(jsonOf(answer).gate).toBe('SG2')
  })
})

describe('a unit that the plan can not take in', () => {
  test('is named, and the approval is kept for when it is gone', async () => {
    const runId = await started(at, { document: 'FOREIGN', source: 'small.md', mode: 'live' })
    const { approvalId, planDigest } = await sign(at, runId, key)
    await insertUnit('FOREIGN', 'FOREIGN/ARTICLE-9', 'Not in the source.')
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG1', planDigest })
    expect(answer.stderr).toContain('FOREIGN/ARTICLE-9')
  })

  test('stops a run before its first gate when it would have to move', async () => {
    const first = await started(at, { document: 'MOVED', source: 'small.md', mode: 'live' })
    await approve(at, first, key)
    const rows = await rowsIn(superuser)
    at.file(
      'moved.md',
      charter('One.', 'Two.').replace('## Article 1', '## Article 0\n\nNew.\n\n## Article 1'),
    )
    const answer = await start(at, { document: 'MOVED', source: 'moved.md', mode: 'live' })
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({
      status: 'stopped',
      state: 'MARKED',
      stopCode: 'STOP_UNITS_DIFFER',
    })
    expect(answer.stdout).toContain('MOVED/ARTICLE-1 is in the target at place 1, in the source at place 2')
    expect(await rowsIn(superuser)).toEqual(rows)
  })
})

describe('the target’s guards, changed while a run waits at the first gate', () => {
  const changes = [
    [
      'a dropped trigger',
      'drop trigger b_birth_gate_1 on public.unit_version',
      `create trigger b_birth_gate_1 before insert on public.unit_version
         for each row execute function cutter_governance.version_birth_gate_1()`,
      'b_birth_gate_1',
    ],
    [
      'a grant too many',
      'grant insert on public.information_unit to cutter_executor',
      'revoke insert on public.information_unit from cutter_executor',
      'information_unit',
    ],
  ] as const

  test.each(changes)(
    '%s: no approval, old or new, lets the run write there',
    async (name, change, back, words) => {
      const document = `GUARD-${name.replaceAll(' ', '-')}`
      const runId = await started(at, { document, source: 'small.md', mode: 'live' })
      const { approvalId } = await sign(at, runId, key)
      const rows = await rowsIn(superuser)
      await superuser.query(change)
      try {
        const answer = await resume(at, runId, approvalId)
        expect(answer.code).toBe(3)
        expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG1' })
        expect(answer.stderr).toContain(words)

        const anew = await approve(at, runId, key)
        expect(anew.code).toBe(3)
        expect(jsonOf(anew).state).toBe('AWAITING_CUT_AUTHORIZATION')
        expect(await rowsIn(superuser)).toEqual(rows)
      } finally {
        await superuser.query(back)
      }
      expect((await resume(at, runId, approvalId)).code).toBe(0)
    },
  )
})

describe('drift found at the second gate', () => {
  test('in the drafts is named, and nothing is enacted', async () => {
    const runId = await started(at, { document: 'DRAFTS', source: 'small.md', mode: 'live' })
    await approve(at, runId, key)
    await superuser.query(
      "select * from fn_iu_add_version('DRAFTS/ARTICLE-1', 'Article 1', 'Else.', 'somebody')",
    )
    const answer = await approve(at, runId, key)
    const { rows } = await superuser.query(
      "select count(*)::int as n from iu_lifecycle_log l join information_unit u on u.id = l.unit_id where u.doc_code = 'DRAFTS'",
    )
    expect([answer.code, jsonOf(answer).gate, rows]).toEqual([3, 'SG2', [{ n: 0 }]])
    expect(answer.stderr).toContain('DRAFTS/ARTICLE-1')
  })
  test('in the guards is named, nothing is enacted, and the approval counts once they are back', async () => {
    const runId = await started(at, { document: 'BEHIND', source: 'small.md', mode: 'live' })
    await approve(at, runId, key)
    const { approvalId, planDigest } = await sign(at, runId, key)
    await superuser.query('alter table public.unit_version disable trigger b_change')
    try {
      const answer = await resume(at, runId, approvalId)
      expect(answer.code).toBe(3)
      expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG2', planDigest })
      expect(answer.stderr).toContain('b_change')
      const anew = await approve(at, runId, key)
      expect([anew.code, jsonOf(anew).gate]).toEqual([3, 'SG2'])
    } finally {
      await superuser.query('alter table public.unit_version enable trigger b_change')
    }
    expect(jsonOf(await resume(at, runId, approvalId)).outcome).toBe('succeeded')
  })
})
