import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
import { type ApprovalJson, anotherBuild, type CutterHome, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  approve,
  aSigner,
  disableExecution,
  enableExecution,
  refusalReasons,
  resume,
  sign,
  started,
} from '../support/cli-steps.ts'
import { aLiveHome, whileLegAWrites } from './live-home.ts'

/** Ways that were tried to get past a gate, or to have others believe that a run is where it is not. */

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
})

afterAll(() => at.remove())

const live = (document: string) => started(at, { document, source: 'small.md', mode: 'live' })

/** Signs a statement after a change of it, as somebody with a key can. */
async function signedOtherwise(runId: string, change: (statement: { [key: string]: unknown }) => void) {
  const { stdout } = await at.cutter(['approval', 'statement', runId, '--as', ALICE])
  const statement = JSON.parse(stdout)
  change(statement)
  const sorted = Object.fromEntries(
    Object.keys(statement)
      .sort()
      .map((name) => [name, statement[name]]),
  )
  const file = at.file(`statement-${runId}.json`, JSON.stringify(sorted))
  execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', `cutter.cut.${statement.gate}`, '-f', key, file], {
    stdio: 'ignore',
  })
  return jsonOf<ApprovalJson>(
    await at.cutter(['approval', 'import', '--statement', file, '--signature', `${file}.sig`, '--json']),
  )
}

describe('a review decision that belongs to another decision', () => {
  test('a review of another decision is refused at the second gate, and nothing is put into force', async () => {
    const runId = await live('REVIEW')
    const first = await sign(at, runId, key)
    await resume(at, runId, first.approvalId)
    const { approvalId } = await signedOtherwise(runId, (statement) => {
      statement.reviewDecisionId = `rd-${first.approvalId}`
    })
    const answer = await resume(at, runId, approvalId)
    expect([answer.code, jsonOf(answer).error?.reason, jsonOf(answer).gate]).toEqual([
      3,
      'REVIEW_USED',
      'SG2',
    ])
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({
      outcome: 'succeeded',
      output: { enacted: 2 },
    })
  })

  test('the target too refuses a review of another decision', async () => {
    const runId = await live('REVIEW-2')
    await approve(at, runId, key)
    const { rows } = await superuser.query(
      "select review_decision_id as id from cutter_governance.review_decision where governance_event_kind = 'enact' limit 1",
    )
    const store = connect(at.path('var/cutter.db'))
    // As if the store that knew of the other decision were another one.
    store.exec('drop trigger approvals_are_not_deleted')
    store.pragma('foreign_keys = off')
    store
      .prepare("delete from approvals where json_extract(statement_text, '$.reviewDecisionId') = ?")
      .run(rows[0].id)
    store.close()
    const { approvalId } = await signedOtherwise(runId, (statement) => {
      statement.reviewDecisionId = rows[0].id
    })
    const answer = jsonOf(await resume(at, runId, approvalId))
    expect(answer).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    const log = await superuser.query(
      "select from iu_lifecycle_log l join information_unit u on u.id = l.unit_id where u.doc_code = 'REVIEW-2'",
    )
    expect(log.rowCount).toBe(0)
  })
})

describe('resume with an approval of a run that does not wait at a gate', () => {
  test('the approval is refused and recorded, and the run continues without it', async () => {
    const runId = await live('STOPPED')
    const { approvalId } = await sign(at, runId, key)
    const dora = 'dora@example.org'
    const voiding = await sign(at, runId, aSigner(at, dora), '--decision', 'void', '--as', dora)
    const stopped = await whileLegAWrites({ at, superuser, runId, approvalId }, () => disableExecution(at))
    expect(jsonOf(stopped).stopCode).toBe('STOP_EXECUTION_DISABLED')
    await enableExecution(at)
    const answer = await resume(at, runId, voiding.approvalId)
    expect([answer.code, jsonOf(answer).error?.reason]).toEqual([3, 'NOT_AT_A_GATE'])
    expect(await refusalReasons(at, runId)).toEqual(['NOT_AT_A_GATE'])
    expect(jsonOf(await resume(at, runId, approvalId)).gate).toBe('SG2')
  })
})

describe('resume of a process that was killed during the last check of the world', () => {
  test('the approval is judged again, and a signer who was removed no longer counts', async () => {
    const runId = await live('STRUCK')
    const { approvalId } = await sign(at, runId, key)
    await superuser.query('begin')
    // The survey waits for this lock, so the process dies in the midst of its recheck.
    await superuser.query('lock table public.information_unit in access exclusive mode')
    const child = spawn(
      process.execPath,
      [at.path('.installed/dist/cutter.cjs'), 'run', 'resume', runId, '--approval', approvalId],
      { cwd: at.home, env: at.env, stdio: 'ignore' },
    )
    const ended = new Promise((done) => child.once('close', done))
    while (jsonOf(await at.cutter(['run', 'show', runId, '--json'])).phase !== 'recheck_cut') await sleep(50)
    child.kill('SIGKILL')
    await ended
    await superuser.query('rollback')

    const signers = readFileSync(at.path('allowed_signers'), 'utf8')
    writeFileSync(at.path('allowed_signers'), '')
    try {
      const answer = await resume(at, runId)
      expect([answer.code, jsonOf(answer).error?.reason, jsonOf(answer).gate]).toEqual([
        3,
        'SIGNER_NOT_ALLOWED',
        'SG1',
      ])
    } finally {
      writeFileSync(at.path('allowed_signers'), signers)
    }
    expect(jsonOf(await resume(at, runId, approvalId)).gate).toBe('SG2')
  })
})

describe('a person who moved a run at one gate', () => {
  test('an approver at the next gate must not have moved the run before', async () => {
    const runId = await live('MOVER')
    const first = await sign(at, runId, key)
    const bob = aSigner(at, 'bob@example.org')
    await resume(at, runId, first.approvalId, '--by', 'bob@example.org')
    const theirs = await at.cutter([
      'approval',
      'sign',
      runId,
      '--as',
      'bob@example.org',
      '--key',
      bob,
      '--json',
    ])
    const answer = await resume(at, runId, jsonOf<ApprovalJson>(theirs).approvalId, '--by', 'deploybot')
    expect([answer.code, jsonOf(answer).error?.reason]).toEqual([3, 'OPERATORS_OWN'])
  })
})

describe('columns of the store edited by hand', () => {
  const edits: [string, string][] = [
    ['plan_digest', `sha256:${'0'.repeat(64)}`],
    ['state', 'CLOSEOUT_REPORTED'],
    ['output', '{"units":7}'],
  ]
  test.each(edits)(
    '%s is noticed at the next look, and other runs are still listed',
    async (column, value) => {
      const [runId, other] = [
        await live(`EDITED-${column.replace('_', '-')}`),
        await live(`OTHER-${column.replace('_', '-')}`),
      ]
      const store = connect(at.path('var/cutter.db'))
      store.prepare(`update runs set ${column} = ? where run_id = ?`).run(value, runId)
      store.close()
      const shown = await at.cutter(['run', 'show', runId, '--json'])
      expect([shown.code, jsonOf(shown).error?.code]).toEqual([3, 'STORE_TAMPERED'])
      const listed = await at.cutter(['run', 'list', '--json'])
      const ids = jsonOf<{ runId: string }[]>(listed).map((run) => run.runId)
      expect([listed.code, ids.includes(other), ids.includes(runId)]).toEqual([0, true, false])
      expect(listed.stderr).toContain(runId)
    },
  )
})

describe('cancel of a run of another definition than the installed one', () => {
  test('a run of another definition can be cancelled', async () => {
    const runId = await live('ABANDONED')
    const program = anotherBuild(at)
    const answer = await at.cutter(['run', 'cancel', runId, '--reason', 'upgraded', '--json'], { program })
    expect([answer.code, jsonOf(answer).outcome, jsonOf(answer).state]).toEqual([
      3,
      'cancelled',
      'AWAITING_CUT_AUTHORIZATION',
    ])
    expect((await at.cutter(['run', 'history', runId, '--verify'])).code).toBe(0)
  })
})
