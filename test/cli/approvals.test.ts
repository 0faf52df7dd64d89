import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/domain/json.ts'
import { connect } from '../../src/locks/connect.ts'
import { type Answer, type ApprovalJson, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, approve, historyOf, rehearse, resume, sign, start, started } from '../support/cli-steps.ts'
import { aLiveHome } from './live-home.ts'

let at: CutterHome
let key: string

beforeAll(async () => {
  ;({ at, key } = await aLiveHome())
})

afterAll(() => at.remove())

/** Signs bytes as a person without Cutter would, and imports them. */
function imported(name: string, statement: string, keyFile = key, namespace = 'cutter.cut.SG1') {
  const file = at.file(name, statement)
  execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', keyFile, file], { stdio: 'ignore' })
  return at.cutter(['approval', 'import', '--statement', name, '--signature', `${name}.sig`, '--json'])
}

async function statementOf(runId: string, ...more: string[]): Promise<string> {
  const { stdout } = await at.cutter(['approval', 'statement', runId, '--as', ALICE, ...more])
  return stdout
}

const idOf = (answer: Answer) => jsonOf<ApprovalJson>(answer).approvalId

describe('the gate of a live run', () => {
  let runId: string
  let good: ApprovalJson

  beforeAll(async () => {
    runId = await started(at, { document: 'GUARDED', source: 'small.md', mode: 'live' })
    good = await sign(at, runId, key)
  })

  /** The refusal is an answer, an entry in the history, and nothing else. */
  async function isRefused(approvalId: string, reason: string, words: string, ...more: string[]) {
    const before = await historyOf(at, runId)
    const answer = await resume(at, runId, approvalId, ...more)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({
      runId,
      status: 'paused',
      gate: 'SG1',
      planDigest: good.planDigest,
      error: { code: 'APPROVAL_REFUSED', reason, approvalId },
    })
    expect(answer.stderr).toContain(words)
    expect(answer.stderr).toMatch(/^next: ./m)
    const [entry, ...others] = (await historyOf(at, runId)).slice(before.length)
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      event: { type: 'cutter.approval-refused', approvalId, reason },
      state: 'AWAITING_CUT_AUTHORIZATION',
      status: 'paused',
    })
  }

  test('resume of a waiting run asks for an approval when none is given', async () => {
    const answer = await resume(at, runId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer).error?.code).toBe('APPROVAL_REQUIRED')
    expect(answer.stderr).toContain(`cutter approval sign ${runId}`)
  })

  test('an unknown approval is recorded and answered with exit code 4', async () => {
    const before = await historyOf(at, runId)
    const answer = await resume(at, runId, 'ap-00000000000000000000000000000000')
    expect(answer.code).toBe(4)
    expect(jsonOf(answer).error?.code).toBe('APPROVAL_NOT_FOUND')
    expect((await historyOf(at, runId)).slice(before.length)).toMatchObject([
      { event: { type: 'cutter.approval-refused', reason: 'APPROVAL_UNKNOWN' }, status: 'paused' },
    ])
  })

  test('an approval of another run is refused', async () => {
    const other = await started(at, { document: 'OTHER', source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, other, key)
    await isRefused(approvalId, 'OTHER_RUN', other)
  })

  test('a rehearsal is refused, and cannot be made for a live run', async () => {
    const made = await at.cutter(['approval', 'rehearse', runId, '--json'])
    expect(made.code).toBe(3)
    expect(made.stderr).toContain('counts in dry runs only')

    // Only an edited store can bring one this far.
    const text = await statementOf(runId)
    const approvalId = `ap-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    const db = connect(at.path('var/cutter.db'))
    db.prepare(
      `insert into approvals (approval_id, run_id, gate, kind, statement_text, signature, imported_at)
       values (?, ?, 'SG1', 'rehearsal', ?, null, '2026-01-01T00:00:00.000Z')`,
    ).run(approvalId, runId, text)
    db.close()
    await isRefused(approvalId, 'REHEARSAL_IN_LIVE', 'is a rehearsal')
  })

  test('an approval with a key that is not listed is refused, and signing warns of it', async () => {
    const stray = at.path('stray')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stray])
    const signed = await at.cutter(['approval', 'sign', runId, '--as', ALICE, '--key', stray, '--json'])
    expect(signed.stderr).toContain('would not count now')
    await isRefused(idOf(signed), 'SIGNER_NOT_ALLOWED', 'allowed_signers')
  })

  test('an expired approval is refused', async () => {
    const statement = JSON.parse(await statementOf(runId)) as object
    const past = {
      ...statement,
      issuedAt: '2020-01-01T00:00:00.000Z',
      expiresAt: '2020-01-02T00:00:00.000Z',
    }
    const answer = await imported('expired.json', canonicalJson(past))
    expect(answer.code).toBe(0)
    await isRefused(idOf(answer), 'EXPIRED', 'it counted until 2020-01-02')
  })

  test('an approval of the operator is refused', async () => {
    await isRefused(good.approvalId, 'OPERATORS_OWN', 'the approval of another person', '--by', ALICE)
  })

  test('a statement that was edited after signing is not imported', async () => {
    const text = await statementOf(runId, '--reason', 'read and fine')
    await imported('edited.json', text)
    at.file('edited.json', text.replace('read and fine', 'read and find'))
    const answer = await at.cutter([
      'approval',
      'import',
      '--statement',
      'edited.json',
      '--signature',
      'edited.json.sig',
      '--json',
    ])
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({ error: { code: 'APPROVAL_REFUSED', reason: 'SIGNATURE_INVALID' } })
  })

  test('a statement that is not in canonical form is not imported', async () => {
    const answer = await imported('newline.json', `${await statementOf(runId)}\n`)
    expect(answer.code).toBe(2)
    expect(answer.stderr).toContain('final newline')
  })

  test('a good approval stays valid after refused attempts', async () => {
    const answer = await resume(at, runId, good.approvalId)
    expect(answer.code).toBe(0)
    expect(jsonOf(answer).gate).toBe('SG2')
  })

  test('an approval that was used at one gate is refused at the next', async () => {
    const answer = await resume(at, runId, good.approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({ gate: 'SG2', error: { reason: 'ALREADY_USED' } })
    expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({ reason: 'ALREADY_USED' })
  })

  test('an approval without a review is refused at the second gate', async () => {
    const { reviewDecisionId, ...statement } = JSON.parse(await statementOf(runId))
    expect(reviewDecisionId).toMatch(/^rd-/)
    const answer = await imported('bare.json', canonicalJson(statement), key, 'cutter.cut.SG2')
    const refused = await resume(at, runId, idOf(answer))
    expect(refused.code).toBe(3)
    expect(jsonOf(refused).error?.reason).toBe('REVIEW_MISSING')
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({ outcome: 'succeeded' })
  })
})

describe('an approval signed elsewhere', () => {
  test('an imported statement moves the run, and a second import changes nothing', async () => {
    const runId = await started(at, { document: 'ELSEWHERE', source: 'small.md', mode: 'live' })
    const text = await statementOf(runId)
    expect(text).toBe(canonicalJson(JSON.parse(text)))
    const first = await imported('statement.json', text)
    const again = await at.cutter([
      'approval',
      'import',
      '--statement',
      'statement.json',
      '--signature',
      'statement.json.sig',
      '--json',
    ])
    expect(jsonOf<ApprovalJson>(again)).toEqual(jsonOf<ApprovalJson>(first))
    expect(jsonOf<ApprovalJson>(first)).toMatchObject({
      runId,
      kind: 'signed',
      gate: 'SG1',
      decision: 'approve',
    })
    const listed = jsonOf<ApprovalJson[]>(await at.cutter(['approval', 'list', runId, '--json']))
    expect(listed.map(({ approvalId }) => approvalId)).toEqual([idOf(first)])

    // The approval names its run, so the command needs no run id.
    const moved = await resume(at, null, idOf(first))
    expect(moved.code).toBe(0)
    expect(jsonOf(moved)).toMatchObject({ runId, gate: 'SG2' })
  })

  test('a statement of an unknown run is refused', async () => {
    const runId = await started(at, { document: 'ELSEWHERE-2', source: 'small.md' })
    const statement = JSON.parse(await statementOf(runId)) as object
    const text = canonicalJson({ ...statement, runId: 'ictr-20200101T000000Z-00000000' })
    expect((await imported('nowhere.json', text)).code).toBe(4)
  })
})

describe('a decision other than approval', () => {
  test.each([
    ['reject', 'rejected'],
    ['void', 'voided'],
  ])('a signed %s closes a live run as %s with exit code 3', async (decision, outcome) => {
    const runId = await started(at, { document: outcome, source: 'small.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, key, '--decision', decision, '--reason', 'not this one')
    const answer = await resume(at, runId, approvalId)
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({
      status: 'closed',
      outcome,
      stopCode: null,
      gate: null,
      state: 'AWAITING_CUT_AUTHORIZATION',
    })
    const history = await historyOf(at, runId)
    expect(history.at(-1)?.event).toMatchObject({ type: decision.toUpperCase(), approver: ALICE })
    expect((await resume(at, runId)).code).toBe(3)
    expect(await historyOf(at, runId)).toEqual(history)
  })

  test('a rehearsed rejection closes a dry run', async () => {
    const { runId } = jsonOf(await start(at, { document: 'DRY', source: 'small.md' }))
    const { approvalId } = await rehearse(at, runId, '--decision', 'reject')
    expect(jsonOf(await resume(at, null, approvalId))).toMatchObject({ outcome: 'rejected', mode: 'dry-run' })
  })

  test('cancelling needs no approval and has an outcome of its own', async () => {
    const { runId } = jsonOf(await start(at, { document: 'CANCELLED', source: 'small.md' }))
    const answer = await at.cutter(['run', 'cancel', runId, '--reason', 'wrong file', '--json'])
    expect(answer.code).toBe(3)
    expect(jsonOf(answer)).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    expect((await historyOf(at, runId)).at(-1)?.event).toMatchObject({ type: 'CANCEL', reason: 'wrong file' })
  })
})
