import type { Database } from 'better-sqlite3'
import { entryColumns, RUN_COLUMNS, STEP_COLUMNS } from './columns.ts'
import { idsLike } from './ids-like.ts'
import type { Row } from './row.ts'

/**
 * The history is a list: each entry links to the one before it, and a run to its newest entry. So no index is kept, which would cost one
 * page for each step.
 */

const runColumns = RUN_COLUMNS.map(({ column }) => column)
const stepChanges = [
  ...STEP_COLUMNS.map(([column]) => `${column} = ?`),
  'newest_id = last_insert_rowid()',
].join(', ')
const asFound = 'run_id = ? and seq = ? and head = ?'
const changesAtWork = stepChanges.replace('status = ?, ', '')

/** Keeps since when a run waits through steps at one arrival or one stop: of a refusal, for example. */
const waitsSince = `
    waits_since = iif(iif(? = 'stopped', status = 'stopped' and snapshot_digest = ?, gate_seq = ?),
      coalesce(waits_since, updated_at), null)`

/** A run with the columns of its newest entry, by which `readRow` checks it. */
export const runWithEntry = `
    select runs.*, history.snapshot_digest as entry_snapshot_digest, history.hash as entry_hash,
      history.state as entry_state, history.status as entry_status,
      case outcome when 'cancelled' then json_extract(unpacked(history.event), '$.outcome') end as entry_outcome
    from runs left join history on history.id = newest_id and history.run_id = runs.run_id and history.seq = runs.seq`

/** Entries with the hash of the entry that each follows, which is kept once. */
const entries = 'select history.*, before.hash as hash_before'
const withBefore = `left join history as before on before.id = history.previous_id and before.run_id = history.run_id`

const tokenFields = `
    select token_id as tokenId, name, role, machines, run_id as runId, created_at as createdAt, created_by as createdBy,
      expires_at as expiresAt, revoked_at as revokedAt, revoked_by as revokedBy, last_used_at as lastUsedAt
    from tokens`

const prunedFields = `
    run_id as runId, machine, mode, outcome, start_key as startKey, seq, head, closed_at as closedAt, pruned_at as prunedAt, by,
      bundle_digest as bundleDigest`

/** Every statement of the store, named by a verb. Prepared on first use: a cold command needs three of them. */
const texts = {
  insertRun: `
    insert into runs (${runColumns.join(', ')}) values (${runColumns.map((column) => `@${column}`).join(', ')})`,
  // The statements of every step bind by position, because binding by name costs as much again as running them. Most steps leave a run
  // working, and a statement that does not name the status does not touch the indices of runs by status.
  continueRun: `update runs set ${changesAtWork} where ${asFound} and status = 'working'`,
  updateRun: `update runs set ${waitsSince}, ${stepChanges} where ${asFound}`,
  closeRun: `update runs set outcome = ?, packed_snapshot = ?, waits_since = null, ${stepChanges} where ${asFound}`,
  historiesWithoutRun: `
    select run_id from history where seq = 1 and not exists (select 1 from runs where runs.run_id = history.run_id)
    order by run_id`,
  // Deleted ones, and those that the newest entries show.
  newestHistoriesWithoutRun: `
    select run_id from deleted_runs
    where exists (select 1 from history where history.run_id = deleted_runs.run_id and seq = 1)
      and not exists (select 1 from runs where runs.run_id = deleted_runs.run_id)
    union
    select run_id from history not indexed where id > (select max(id) from history) - ? and seq = 1
      and not exists (select 1 from runs where runs.run_id = history.run_id)
    order by run_id`,
  // Runs after the first entry was inserted.
  setNewestEntry: 'update runs set newest_id = last_insert_rowid() where run_id = ?',
  // What a copy of a run sets after its entries.
  packSnapshot: `update runs set snapshot = '', packed_snapshot = ? where run_id = ?`,
  setWaitsSince: 'update runs set waits_since = ? where run_id = ?',
  copyEffect: `
    insert into effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt) values (?, ?, ?, ?, ?, ?, ?, ?)`,
  insertEntry: `
    insert into history (previous_id, run_id, ${entryColumns.join(', ')})
    select newest_id, run_id, ${entryColumns.map(() => '?').join(', ')} from runs where run_id = ?`,
  reassignEffect: `
    update effects set invoke_id = ?, seq = ?, name = ?, input = ?, lease_until = ?, attempt = 1
    where run_id = ? and invoke_id = ? and owner = ?`,

  deleteDoneEffect: 'delete from effects where run_id = ? and invoke_id = ? and owner = ?',
  deleteEffect: 'delete from effects where run_id = @run_id and invoke_id = @invoke_id',
  insertEffect: `
    insert into effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt)
    values (?, ?, ?, ?, ?, ?, ?, 1)`,
  claim: `
    update effects set owner = @owner, lease_until = @until, attempt = attempt + 1
    where run_id = @run_id and invoke_id = @invoke_id and owner is @from and lease_until is @from_until`,
  release: 'update effects set owner = null, lease_until = null where run_id = @run_id and owner = @owner',
  renew: 'update effects set lease_until = @until where run_id = @run_id and owner = @owner',

  insertTimer:
    'insert into timers (run_id, timer_id, due_at, event) values (@run_id, @timer_id, @due_at, @event)',
  deleteTimer: 'delete from timers where run_id = @run_id and timer_id = @timer_id',

  insertApproval: `
    insert into approvals (approval_id, run_id, gate, kind, statement_text, signature, imported_at)
    values (@approval_id, @run_id, @gate, @kind, @statement_text, @signature, @imported_at)
    on conflict (approval_id) do update set signature = excluded.signature, imported_at = excluded.imported_at
      where used_seq is null and kind = 'signed' and excluded.kind = 'signed'`,
  useApproval: `
    update approvals set used_seq = @used_seq, used_at = @used_at
    where approval_id = @approval_id and run_id = @run_id and used_seq is null`,

  insertMessage: `
    insert into outbox (message_id, receiver, kind, run_id, seq, at, facts, next_at)
    values (@message_id, @receiver, @kind, @run_id, @seq, @at, @facts, @at) on conflict (message_id, receiver) do nothing`,
  messageReceivers: 'select distinct receiver from outbox where outcome is null order by receiver',
  // Of each run the oldest one that waits: the others come after it.
  dueMessages: `
    select * from outbox as head where receiver = @receiver and outcome is null and next_at <= @at and not exists (
      select 1 from outbox as earlier
      where earlier.receiver = head.receiver and earlier.run_id is head.run_id and earlier.id < head.id and earlier.outcome is null)
    order by next_at, id limit @limit`,
  deleteMessage: 'delete from outbox where id = ?',
  keepMessage: `update outbox set outcome = 'delivered', error = null where id = ?`,
  failMessage: `
    update outbox set attempts = attempts + 1, tried_at = coalesce(tried_at, @triedAt), error = @error, outcome = @outcome
    where id = @id`,
  // Those that come after it wait as long as it does.
  delayMessages: `
    update outbox set next_at = @nextAt
    where outcome is null and receiver = @receiver and run_id is @runId and next_at < @nextAt`,
  sweepDelivered: `
    delete from outbox where outcome = 'delivered' and not exists (
      select 1 from runs where runs.run_id = outbox.run_id and coalesce(runs.gate_seq, runs.seq) = outbox.seq)`,
  sweepDead: `delete from outbox where outcome = 'dead' and tried_at < ?`,
  countMessages: `
    select receiver, coalesce(outcome, 'waiting') as state, count(*) as count, min(at) as since,
      (select error from outbox as newest where newest.receiver = outbox.receiver and newest.outcome is outbox.outcome
        and error is not null order by id desc limit 1) as error
    from outbox where outcome is not 'delivered' group by receiver, outcome order by receiver, outcome`,
  waitingAtGates: `
    with recursive at_gate (run_id, machine, mode, state, status, gate, gate_seq, entry_id) as (
      select run_id, machine, mode, state, status, gate, gate_seq, newest_id from runs where status = 'paused'
      union all
      select at_gate.run_id, machine, mode, at_gate.state, at_gate.status, gate, gate_seq, previous_id
      from at_gate join history on id = entry_id where seq > gate_seq
    )
    select at_gate.run_id as runId, machine, mode, at_gate.state, at_gate.status, gate, gate_seq as seq, history.at as since
    from at_gate join history on history.id = entry_id where history.seq = gate_seq and history.at <= ?
    order by since, runId`,
  expiringApprovals: `
    select approval_id as approvalId, json_extract(statement_text, '$.expiresAt') as expiresAt, run_id as runId, machine, mode, state,
      status, runs.gate, gate_seq as seq
    from approvals join runs using (run_id)
    where used_seq is null and status = 'paused' and runs.gate = approvals.gate
      and json_extract(statement_text, '$.seq') = gate_seq and json_extract(statement_text, '$.expiresAt') between @from and @until
    order by expiresAt, approvalId`,
  insertEvidence: `
    insert into evidence (digest, media_type, bytes) values (@digest, @media_type, @bytes) on conflict (digest) do nothing`,
  insertRunEvidence:
    'insert into run_evidence (run_id, seq, name, digest) values (@run_id, @seq, @name, @digest)',
  insertCloseoutSignature: `
    insert into closeout_signatures (run_id, kind, signer, statement_text, signature, public_key, at)
    values (@run_id, @kind, @signer, iif(@kind != 'instance' and exists (select 1 from closeout_signatures
        where run_id = @run_id and kind = 'instance' and statement_text = @statement_text), null, @statement_text),
      @signature, @public_key, @at) on conflict do nothing`,
  insertSwitch: `
    insert into execution_switch (enabled, until, reason, by, at) values (@enabled, @until, @reason, @by, @at)`,

  insertHold: 'insert into holds (kind, run_id, reason, by, at) values (@kind, @runId, @reason, @by, @at)',

  run: `
    ${runWithEntry} where runs.run_id = ?`,
  runByKey: `
    ${runWithEntry} where start_key = ?`,
  runOfKey: `
    select run_id, bundle_digest from (
      select run_id, start_key, null as bundle_digest from runs
      union all select run_id, start_key, bundle_digest from pruned_runs)
    where start_key = ?`,
  idLike: 'select run_id from runs where run_id = ?',
  idsLike: `${idsLike('runs', 'run_id')} order by run_id limit @limit`,
  history: `
    with recursive entry (entry_id, of_run) as (
      select newest_id, run_id from runs where run_id = ?
      union all
      select previous_id, of_run from entry join history on id = entry_id where previous_id < id
    )
    ${entries} from entry join history on history.id = entry_id and history.run_id = of_run ${withBefore} order by history.seq`,
  newestPlace: 'select coalesce(max(id), 0) as place from history',
  // A cross join, so that SQLite does not begin with the complete history.
  placeOf: `
    with recursive entry (entry_id) as (
      select newest_id from runs where run_id = ?
      union all
      select previous_id from entry join history on id = entry_id where previous_id < id
    )
    select id as place from entry cross join history on id = entry_id where seq = ?`,
  entriesAfter: `
    ${entries}, machine from history join runs on runs.run_id = history.run_id ${withBefore}
    where history.id > @place order by history.id limit @limit`,
  workingRuns: `
    select run_id from runs where status = 'working' order by started_at, run_id`,
  dueGates: `
    select distinct run_id from timers join runs using (run_id) where due_at <= ? and status = 'paused'
    order by run_id`,
  unusedApprovals: `
    select approvals.rowid as place, run_id as runId, approval_id as approvalId from approvals join runs using (run_id)
    where approvals.rowid > ? and used_seq is null and status = 'paused'
    order by approvals.rowid`,
  ownChanges: 'select total_changes() as n',
  dataVersion: 'pragma data_version',
  historySince: `
    with recursive entry (entry_id, of_run) as (
      select newest_id, run_id from runs where run_id = @runId
      union all
      select previous_id, of_run from entry join history on id = entry_id where previous_id < id and seq > @since
    )
    ${entries} from entry join history on history.id = entry_id and history.run_id = of_run ${withBefore}
    where history.seq > @since order by history.seq`,
  countByPeople: "select count(*) as n from history where run_id = ? and by != 'engine'",
  historyByPeople: `
    ${entries} from history ${withBefore} where history.run_id = ? and history.by != 'engine' order by history.seq`,
  effects: 'select * from effects where run_id = ? order by seq, invoke_id',
  effect: 'select * from effects where run_id = ? and invoke_id = ?',
  timers: 'select * from timers where run_id = ? order by due_at, timer_id',
  approval: 'select * from approvals where approval_id = ?',
  approvals: 'select * from approvals order by imported_at, approval_id',
  approvalsOf: 'select * from approvals where run_id = ? order by imported_at, approval_id',
  approvalsNaming: 'select * from approvals where review_decision_id = ?',
  evidence: 'select bytes from evidence where digest = ?',
  evidenceOf: `
    select seq, name, digest, coalesce(media_type, '') as media_type, coalesce(length(bytes), 0) as bytes
    from run_evidence left join evidence using (digest) where run_id = ? order by seq, name`,
  contentsOf: `
    select digest, bytes from evidence
    where digest in (select digest from run_evidence where run_id = @runId and seq > @since)`,
  // A run's definition changes by an upgrade alone, in the transaction of its step.
  upgradeRun: `
    update runs set version = @version, definition_digest = @definition_digest
    where run_id = @run_id and seq = @seq and head = @head`,
  insertToken: `
    insert into tokens (token_id, digest, name, role, machines, run_id, created_at, created_by, expires_at)
    values (@tokenId, @digest, @name, @role, @machines, @runId, @createdAt, @createdBy, @expiresAt)`,
  tokenByDigest: `${tokenFields} where digest = ?`,
  tokens: `${tokenFields} order by created_at, token_id`,
  useToken: 'update tokens set last_used_at = @at where token_id = @tokenId',
  revokeToken: `
    update tokens set revoked_at = @at, revoked_by = @by where token_id = @tokenId and revoked_at is null`,
  machineModule: 'select name, path, started_at as startedAt from machine_modules where name = ?',
  machineModules: 'select name, path, started_at as startedAt from machine_modules order by name',
  rememberModule: `
    insert into machine_modules (name, path, started_at) values (@name, @path, @startedAt)
    on conflict (name) do update set path = excluded.path
      where machine_modules.path = excluded.path or @moved = 1
        or not exists (
          select 1 from runs where machine = @name and status = 'working' union all
          select 1 from runs where machine = @name and status = 'paused' union all
          select 1 from runs where machine = @name and status = 'stopped')`,
  closeoutSignatures: `
    select given.*, sealed.statement_text as sealed_text from closeout_signatures as given
    left join closeout_signatures as sealed on sealed.run_id = given.run_id and sealed.kind = 'instance'
    where given.run_id = ? order by given.kind = 'instance' desc, given.signer`,
  prunedLike: `${idsLike('pruned_runs', prunedFields)} order by runId`,
  executionSwitch: 'select enabled, until, reason, by, at from execution_switch order by id desc limit 1',
  hold: `
    select id, kind, at, reason, by from holds where kind != 'release' order by id desc limit 1`,
  released: "select distinct run_id from holds where kind = 'release' and id > ? order by run_id",
} as const

interface Prepared {
  run(...parameters: unknown[]): { changes: number }
  get(...parameters: unknown[]): (Row & { bytes?: unknown }) | undefined
  all(...parameters: unknown[]): Row[]
}

export type StatementName = keyof typeof texts
export type Statements = Record<StatementName, Prepared>

/**
 * Offers each SQL text of the store as a prepared statement. A statement is prepared at its first use, so that a command pays only for
 * those that it needs.
 */
export function prepareStatements(db: Database): Statements {
  const prepared: Partial<Statements> = {}
  for (const name of Object.keys(texts) as (keyof typeof texts)[]) {
    Object.defineProperty(prepared, name, {
      configurable: true,
      get() {
        const statement = db.prepare(texts[name]) as unknown as Prepared
        Object.defineProperty(prepared, name, { value: statement })
        return statement
      },
    })
  }
  return prepared as Statements
}
