import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { anApproval, anEffect, atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aStoreFile, removeFolders, withDatabase } from '../store-folders.ts'

/** What SQL by anybody's hand is refused, by name. Each statement is tried and rolled back on a store with a run in it. */

const { file, migrationsDirectory } = aStoreFile()

beforeAll(async () => {
  const store = openRunStore({ file, migrationsDirectory })
  const start = firstStep({
    run: { runId: 'r1', startKey: 'k1' },
    effectsAsked: [anEffect('a')],
    timersAsked: [{ timerId: 't', dueAt: '2026-03-01T09:00:00.000Z', event: { type: 'tick' } }],
    evidence: [{ name: 'e', digest: 'd', mediaType: 'text/plain', bytes: Buffer.from('x') }],
  })
  await store.create(start, mine)
  const paused = stepAfter(start.run, { run: atGate(start.run) })
  await store.advance(paused, mine)
  for (const nonce of ['used', 'unused']) {
    await store.saveApproval(
      anApproval(paused.run, { nonce, ...(nonce === 'used' ? {} : { signature: 's' }) }),
    )
  }
  const { approvalId } = anApproval(paused.run, { nonce: 'used' })
  await store.advance(stepAfter(paused.run, { approvalUsed: approvalId }), mine)
  await store.create(firstStep({ run: { runId: 'r2' } }), mine)
  await store.saveCloseoutSignature({
    ...{
      runId: 'r1',
      kind: 'instance',
      signer: 'i',
      statementText: '{}',
      signature: 's',
      publicKey: 'k',
      at: 'now',
    },
  })
  await store.setExecutionSwitch({ enabled: false, until: null, reason: 'r', by: 'b', at: 'now' })
  await store.recordHold({ kind: 'on', runId: null, reason: 'r', by: 'b', at: 'now' })
  const scope = { name: 'n', role: 'viewer', machines: null, runId: null } as const
  const times = {
    createdAt: 'now',
    createdBy: 'b',
    expiresAt: 'then',
    revokedAt: null,
    revokedBy: null,
    lastUsedAt: null,
  }
  await store.saveToken({ tokenId: 'tk-1', ...scope, ...times }, 'digest')
  await store.revokeToken('tk-1', { at: 'now', by: 'b' })
  await store.close()
})
afterAll(removeFolders)

/** The message that refuses the statement; null when it would pass. Nothing of it stays. */
function refusalOf(sql: string): string | null {
  return withDatabase(file, (db) => {
    db.exec('begin')
    try {
      const { changes } = db.prepare(sql).run()
      return changes === 0 ? 'it touched no row' : null
    } catch (error) {
      return (error as Error).message
    } finally {
      if (db.inTransaction) db.exec('rollback')
    }
  })
}

describe('the schema refuses to edit or delete', () => {
  test.each([
    ["update history set at = 'then' where seq = 1", 'history is append-only'],
    ['delete from history', 'history is append-only'],
    ["update evidence set bytes = x'00'", 'evidence is append-only'],
    ['delete from evidence', 'evidence is append-only'],
    ["update run_evidence set name = 'other'", 'evidence is append-only'],
    ['delete from run_evidence', 'evidence is append-only'],
    ["update execution_switch set enabled = 1, until = 'then'", 'the execution switch is append-only'],
    ['delete from execution_switch', 'the execution switch is append-only'],
    ["update holds set kind = 'off'", 'holds are append-only'],
    ['delete from holds', 'holds are append-only'],
    ["update closeout_signatures set signature = 'x'", 'closeout signatures are append-only'],
    ['delete from closeout_signatures', 'closeout signatures are append-only'],
    ["update tokens set role = 'admin'", 'what a token may do does not change'],
    ["update tokens set expires_at = 'later'", 'what a token may do does not change'],
    [
      "update tokens set revoked_at = null, revoked_by = null where token_id = 'tk-1'",
      'a revoked token stays revoked',
    ],
    ['delete from tokens', 'tokens stay known'],
    ['delete from approvals where used_seq is null', 'approvals are kept'],
    ['delete from approvals where used_seq is not null', 'approvals are kept'],
  ])('%s', (sql, message) => {
    expect(refusalOf(sql)).toBe(message)
  })

  test.each([
    'used_seq = null, used_at = null where used_seq is not null',
    'used_seq = 9 where used_seq is not null',
    "imported_at = 'then' where used_seq is not null",
    "statement_text = '{}' where used_seq is null",
    "gate = 'SG2' where used_seq is null",
    "run_id = 'r2' where used_seq is null",
    "approval_id = 'ap-other' where used_seq is null",
    "kind = 'rehearsal', signature = null where used_seq is null",
  ])('the row of an approval: %s', (change) => {
    expect(refusalOf(`update approvals set ${change}`)).toBe('an approval is used once and never edited')
  })

  test('but accepts another signature and the use of an unused approval', () => {
    expect(refusalOf("update approvals set signature = 's2' where used_seq is null")).toBeNull()
    expect(refusalOf("update approvals set used_seq = 4, used_at = 'now' where used_seq is null")).toBeNull()
  })
})

describe('the schema refuses impossible rows by name', () => {
  const closed = "status = 'closed', outcome = 'failed', gate = null, stop_code = null"
  const stopped = "status = 'stopped', gate = null"
  test.each([
    ['mode_is_known', "update runs set mode = 'maybe'"],
    ['input_is_json', "update runs set input = 'text'"],
    ['worked_ms_is_positive', 'update runs set worked_ms = -1'],
    ['seq_starts_at_one', 'update runs set seq = 0'],
    ['status_is_known', "update runs set status = 'idle' where run_id = 'r2'"],
    ['stop_is_json', `update runs set ${stopped}, stop = 'why', stop_code = 'STOP_DRIFT'`],
    ['outcome_is_known', `update runs set ${closed}, outcome = 'fine'`],
    ['output_is_json', "update runs set output = ''"],
    ['paused_runs_name_their_gate', "update runs set gate = null where run_id = 'r1'"],
    ['paused_runs_name_their_gate', "update runs set gate = 'SG1' where run_id = 'r2'"],
    [
      'paused_runs_know_their_arrival',
      "update runs set gate_seq = null, gate_head = null where run_id = 'r1'",
    ],
    ['closed_runs_have_an_outcome', `update runs set ${closed}, outcome = null`],
    ['closed_runs_have_an_outcome', "update runs set outcome = 'failed' where run_id = 'r2'"],
    ['stopped_runs_say_why', `update runs set ${stopped}, stop_code = 'STOP_DRIFT'`],
    ['resting_runs_have_a_stop_code', `update runs set ${stopped}, stop = '{}', stop_code = null`],
    ['resting_runs_have_a_stop_code', "update runs set stop_code = 'STOP_DRIFT' where run_id = 'r2'"],
    ['arrival_is_whole', "update runs set gate_seq = 1 where run_id = 'r2'"],
    ['event_is_json', "insert into history values (99, 1, 'r1', 9, '', 'x', '', '', '', '', '', '')"],
    [
      'first_entries_follow_none',
      "insert into history values (99, null, 'r1', 9, '', '{}', '', '', '', '', '', '')",
    ],
    ['input_is_json', "update effects set input = 'x'"],
    ['owner_is_json', "update effects set owner = 'x'"],
    ['leased_effects_have_an_end', 'update effects set lease_until = null'],
    ['leased_effects_have_an_end', 'update effects set owner = null'],
    ['event_is_json', "update timers set event = 'x'"],
    ['kind_is_known', "insert into approvals values ('x', 'r1', 'SG1', 'oral', '{}', null, '', null, null)"],
    [
      'statement_is_json',
      "insert into approvals values ('x', 'r1', 'SG1', 'rehearsal', 'x', null, '', null, null)",
    ],
    [
      'only_signed_approvals_have_a_signature',
      "insert into approvals values ('x', 'r1', 'SG1', 'rehearsal', '{}', 's', '', null, null)",
    ],
    [
      'only_signed_approvals_have_a_signature',
      "insert into approvals values ('x', 'r1', 'SG1', 'signed', '{}', null, '', null, null)",
    ],
    ['use_is_whole', 'update approvals set used_seq = 3 where used_seq is null'],
    ['enabled_is_yes_or_no', "insert into execution_switch values (null, 2, null, 'r', 'b', 'now')"],
    [
      'closeout_kind_is_known',
      "insert into closeout_signatures values ('r1', 'notary', 'n', '{}', 's', null, 'now')",
    ],
    [
      'closeout_is_json',
      "insert into closeout_signatures values ('r1', 'countersign', 'n', 'x', 's', null, 'now')",
    ],
    [
      'the_instance_shows_its_key',
      "insert into closeout_signatures values ('r2', 'instance', 'n', '{}', 's', null, 'now')",
    ],
    ['enabling_ends', "insert into execution_switch values (null, 1, null, 'r', 'b', 'now')"],
    ['hold_kind_is_known', "insert into holds values (null, 'maybe', null, 'r', 'b', 'now')"],
    ['releases_name_their_run', "insert into holds values (null, 'release', null, 'r', 'b', 'now')"],
    ['releases_name_their_run', "insert into holds values (null, 'on', 'r1', 'r', 'b', 'now')"],
    ['holding_says_why', "insert into holds values (null, 'on', null, null, 'b', 'now')"],
    ['reasons_are_not_blank', "insert into holds values (null, 'off', null, ' ', 'b', 'now')"],
    ['enabling_ends', "insert into execution_switch values (null, 0, 'later', 'r', 'b', 'now')"],
  ])('%s: %s', (constraint, sql) => {
    expect(refusalOf(sql)).toBe(`CHECK constraint failed: ${constraint}`)
  })

  test.each([
    [
      'FOREIGN KEY constraint failed',
      "insert into history values (99, null, 'r9', 1, '', '{}', '', '', '', '', '', '')",
    ],
    ['FOREIGN KEY constraint failed', "insert into run_evidence values ('r1', 1, 'n', 'unknown')"],
    ['FOREIGN KEY constraint failed', "insert into holds values (null, 'release', 'r9', null, 'b', 'now')"],
    ['FOREIGN KEY constraint failed', "insert into timers values ('r9', 't', '', '{}')"],
    ['runs are kept: cutter store prune removes closed ones', "delete from runs where run_id = 'r1'"],
    [
      'UNIQUE constraint failed: closeout_signatures.run_id',
      "insert into closeout_signatures values ('r1', 'instance', 'other', '{}', 's', 'k', 'now')",
    ],
    ['UNIQUE constraint failed: runs.start_key', "update runs set start_key = 'k1'"],
    ['UNIQUE constraint failed: history.id', 'insert into history select * from history'],
    ['cannot store TEXT value in INTEGER column runs.worked_ms', "update runs set worked_ms = 'long'"],
  ])('%s: %s', (message, sql) => {
    expect(refusalOf(sql)).toBe(message)
  })
})
