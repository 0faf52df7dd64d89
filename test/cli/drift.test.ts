import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  charter,
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
import { aLiveHome } from './live-home.ts'

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
})

afterAll(() => at.remove())

/** Inserts a unit that is not from the run. */
const insertUnit = (document: string, address: string, text: string) =>
  superuser.query(
    `select * from fn_iu_create(p_address => $1, p_title => 'Article', p_body => $2, p_actor => 'somebody', p_doc_code => $3,
       p_sort_order => 1)`,
    [address, text, document],
  )

/** The first unit of small.md, as every run plans it. */
const firstPlannedText = async () =>
  firstPlanned(await started(at, { document: 'LOOK', source: 'small.md' }), 'small.md')

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

/** Expects that each difference is in the JSON, on a line of its own, and in the history with the refusal. */
async function names(answer: Answer, ...differences: (string | RegExp)[]) {
  const { runId, error } = jsonOf(answer)
  const matching = (line: string | RegExp) => (typeof line === 'string' ? line : expect.stringMatching(line))
  expect(error?.differences).toEqual(differences.map(matching))
  const lines = answer.stderr.split('\n').filter((line) => line.startsWith('differs: '))
  expect(lines).toEqual(error?.differences?.map((line) => `differs: ${line}`))
  expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({
    type: 'cutter.approval-refused',
    reason: 'DRIFT',
    differences: error?.differences,
  })
}

/** Expects a new plan at the first gate. A new approval counts for it, and the old one does not. */
async function needsNewApproval(
  runId: string,
  old: { approvalId: string; planDigest: string },
  words: string,
  ...others: (string | RegExp)[]
) {
  const rows = await rowsIn(superuser)
  const answer = await resume(at, runId, old.approvalId)
  const run = refusedForDrift(answer, words)
  await names(answer, ...(others.length > 0 ? others : [words]))
  expect(run.planDigest).not.toBe(old.planDigest)
  expect(await rowsIn(superuser)).toEqual(rows)

  const again = await resume(at, runId, old.approvalId)
  expect(again.code).toBe(3)
  expect(jsonOf(again).error?.reason).toBe('OTHER_ARRIVAL')
  return run
}

/** Matches a line that names a changed object and both hashes. */
const CHANGED = (words: string) =>
  new RegExp(`^${words.replace(/[.()]/g, '\\$&')} sha256:([0-9a-f]{64}) → sha256:(?!\\1)[0-9a-f]{64}$`)

describe('drift at the first gate', () => {
  async function closes(runId: string, goOn: (runId: string) => Promise<Answer>): Promise<RunJson> {
    const cut = await goOn(runId)
    expect(cut.stderr).toBe('')
    expect(jsonOf(cut).gate).toBe('SG2')
    const finished = jsonOf(await goOn(runId))
    expect(finished.outcome).toBe('succeeded')
    return finished
  }

  test('drift in the source file requires a new approval', async () => {
    at.file('source.md', charter('One.', 'Two.'))
    const runId = await started(at, { document: 'SOURCE', source: 'source.md', mode: 'live' })
    const old = await sign(at, runId, key)
    at.file('source.md', charter('One.', 'Another.', 'Three.'))
    await needsNewApproval(
      runId,
      old,
      'the source file has another text',
      CHANGED('the source file has another text:'),
      CHANGED('unit SOURCE/ARTICLE-2 has another text in the source:'),
      'unit SOURCE/ARTICLE-3 is new in the source',
    )
    const finished = await closes(runId, (id) => approve(at, id, key))
    const sourceBytes = readFileSync(at.path('source.md')).length
    expect(finished.output).toMatchObject({ units: 3, enacted: 3, sourceBytes })
  })

  test('drift in the rows of the document requires a new approval, and the new plan adopts them', async () => {
    const runId = await started(at, { document: 'ROWS', source: 'small.md', mode: 'live' })
    const old = await sign(at, runId, key)
    const { address, text } = await firstPlanned(runId, 'small.md')
    await insertUnit('ROWS', address, text)
    await needsNewApproval(runId, old, `unit ${address} has appeared (draft)`)
    const finished = await closes(runId, (id) => approve(at, id, key))
    expect(finished.output.plan).toMatchObject({ create: 1, adopt: 1 })
  })

  test('drift in a dry run requires a new rehearsal approval, with a new rehearsal database', async () => {
    const runId = await started(at, { document: 'DRY-ROWS', source: 'small.md' })
    const old = await rehearse(at, runId)
    const { address, text } = await firstPlanned(runId, 'small.md')
    await insertUnit('DRY-ROWS', address, text)
    const next = (await needsNewApproval(runId, old, `unit ${address} has appeared (draft)`)).error?.next
    expect(next).toContain(`cutter approval rehearse ${runId}`)
    expect(next).not.toContain('sign')
    const finished = await closes(runId, (id) => rehearseOn(at, id))
    expect(finished.output).toMatchObject({ plan: { create: 1, adopt: 1 }, counts: { identical: true } })
  })

  test('drift in the cap on units is reported with the old and the new cap', async () => {
    const runId = await started(at, { document: 'CAPPED', source: 'small.md', mode: 'live' })
    const old = await sign(at, runId, key)
    at.file('cutter.yaml', `${LIVE}caps: { units: 500 }\n`)
    try {
      await needsNewApproval(runId, old, 'caps.units was 1000, is 500')
    } finally {
      at.file('cutter.yaml', LIVE)
    }
  })

  test('a cut and an enactment of another document are not drift, at either gate', async () => {
    const runId = await started(at, { document: 'CALM', source: 'small.md', mode: 'live' })
    for (const [busy, comesTo] of [
      ['BUSY-1', { gate: 'SG2' }],
      ['BUSY-2', { outcome: 'succeeded' }],
    ] as const) {
      const { approvalId } = await sign(at, runId, key)
      const other = await started(at, { document: busy, source: 'small.md', mode: 'live' })
      expect(jsonOf(await approve(at, other, key)).gate).toBe('SG2')
      expect(jsonOf(await approve(at, other, key)).outcome).toBe('succeeded')
      const answer = await resume(at, runId, approvalId)
      expect([answer.code, jsonOf(answer)]).toMatchObject([0, comesTo])
    }
  })
})

describe('a unit that the plan does not know', () => {
  test('a foreign unit is reported, and the approval stays valid until it is gone', async () => {
    const runId = await started(at, { document: 'FOREIGN', source: 'small.md', mode: 'live' })
    const { approvalId, planDigest } = await sign(at, runId, key)
    await insertUnit('FOREIGN', 'FOREIGN/ARTICLE-9', 'Not in the source.')
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG1', planDigest })
    await names(answer, 'unit FOREIGN/ARTICLE-9 has appeared (draft)')
    expect(jsonOf(answer).error?.next).toBe(
      `correct that, then: cutter run resume ${runId} --approval ${approvalId}`,
    )
  })

  test('a planned draft with a new text is reported with the hashes of both texts', async () => {
    await insertUnit('REWRITTEN', 'REWRITTEN/ARTICLE-1', (await firstPlannedText()).text)
    const runId = await started(at, { document: 'REWRITTEN', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, key)
    await superuser.query(
      "select * from fn_iu_add_version('REWRITTEN/ARTICLE-1', 'Article 1', 'Else.', 'somebody')",
    )
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    await names(answer, CHANGED('unit REWRITTEN/ARTICLE-1 has another text:'))
  })

  test('a draft at another position is adopted, because the change set keeps the order', async () => {
    const first = await started(at, { document: 'MOVED', source: 'small.md', mode: 'live' })
    await approve(at, first, key)
    at.file(
      'moved.md',
      charter('One.', 'Two.').replace('## Article 1', '## Article 0\n\nNew.\n\n## Article 1'),
    )
    const answer = await start(at, { document: 'MOVED', source: 'moved.md', mode: 'live' })
    expect(answer.code).toBe(0)
    expect(jsonOf(answer).output.plan).toEqual({ create: 1, adopt: 2, keep: 0, governanceRows: 19 })
  })
})

describe('changed guards of the target at the first gate', () => {
  const changes = [
    [
      'a dropped trigger',
      'drop trigger b_birth_gate_1 on public.unit_version',
      `create trigger b_birth_gate_1 before insert on public.unit_version
         for each row execute function cutter_governance.version_birth_gate_1()`,
      'trigger removed: public.unit_version.b_birth_gate_1',
    ],
    [
      'a grant too many',
      'grant insert on public.information_unit to cutter_executor',
      'revoke insert on public.information_unit from cutter_executor',
      'grant added: insert on table public.information_unit to cutter_executor',
    ],
    [
      'a grant too few',
      'revoke select on public.unit_version from cutter_verifier',
      'grant select on public.unit_version to cutter_verifier',
      'grant removed: select on table public.unit_version to cutter_verifier',
    ],
    [
      'a function with other rights',
      'alter function cutter_governance.birth_gate_2() security invoker',
      'alter function cutter_governance.birth_gate_2() security definer',
      CHANGED('function changed: cutter_governance.birth_gate_2(),'),
    ],
    [
      'a dropped constraint',
      'alter table public.unit_version drop constraint unit_version_has_a_text',
      "alter table public.unit_version add constraint unit_version_has_a_text check (body <> '')",
      'constraint removed: public.unit_version.unit_version_has_a_text',
    ],
  ] as const

  test.each(changes)(
    'a run cannot write behind a changed guard (%s) with any approval, old or new',
    async (name, change, back, difference) => {
      const document = `GUARD-${name.replaceAll(' ', '-')}`
      const runId = await started(at, { document, source: 'small.md', mode: 'live' })
      const { approvalId } = await sign(at, runId, key)
      const rows = await rowsIn(superuser)
      await superuser.query(change)
      try {
        const answer = await resume(at, runId, approvalId)
        expect(answer.code).toBe(3)
        expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG1' })
        await names(answer, difference)

        const second = await approve(at, runId, key)
        expect(second.code).toBe(3)
        expect(jsonOf(second).state).toBe('AWAITING_CUT_AUTHORIZATION')
        expect(await rowsIn(superuser)).toEqual(rows)
      } finally {
        await superuser.query(back)
      }
      expect((await resume(at, runId, approvalId)).code).toBe(0)
    },
  )
})

describe('drift at the second gate', () => {
  test('drift in the drafts is reported, and nothing is enacted', async () => {
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
    await names(answer, CHANGED('unit DRAFTS/ARTICLE-1 has another text:'), /^unit DRAFTS\/ARTICLE-1 was at/)
  })
  test('drift in the guards is reported, nothing is enacted, and the approval counts once they are restored', async () => {
    const runId = await started(at, { document: 'BEHIND', source: 'small.md', mode: 'live' })
    await approve(at, runId, key)
    const { approvalId, planDigest } = await sign(at, runId, key)
    await superuser.query('alter table public.unit_version disable trigger b_change')
    try {
      const answer = await resume(at, runId, approvalId)
      expect(answer.code).toBe(3)
      expect(jsonOf(answer)).toMatchObject({ status: 'paused', gate: 'SG2', planDigest })
      await names(answer, CHANGED('trigger changed: public.unit_version.b_change,'))
      const second = await approve(at, runId, key)
      expect([second.code, jsonOf(second).gate]).toEqual([3, 'SG2'])
    } finally {
      await superuser.query('alter table public.unit_version enable trigger b_change')
    }
    expect(jsonOf(await resume(at, runId, approvalId)).outcome).toBe('succeeded')
  })
})
