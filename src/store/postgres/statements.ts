import { entryColumns, RUN_COLUMNS, STEP_COLUMNS } from '../sqlite/columns.ts'
import { idsLike } from './ids-like.ts'

/** The columns of `runs` that only filters read. */
export const FILTER_COLUMNS = ['document', 'target', 'host'] as const

const runColumns = [...RUN_COLUMNS.map(({ column }) => column), 'waits_since', ...FILTER_COLUMNS]
const entryValues = entryColumns.map((column) => `@${column}`).join(', ')
const stepChanges = STEP_COLUMNS.map(([column]) => `${column} = @${column}`).join(', ')

/** Keeps since when a run waits through steps at one arrival or one stop: of a refusal, for example. */
export const waitsSince = (given: (column: string) => string) => `
  case when ${given('status')} in ('paused', 'stopped') then
    case when case when ${given('status')} = 'stopped' then r.status = 'stopped' and r.snapshot_digest = ${given('snapshot_digest')}
        else r.status = 'paused' and r.gate_seq = ${given('gate_seq')} end
      then r.waits_since else ${given('updated_at')} end
  end`

/** A run with the columns of its newest entry, by which `readRunRow` checks it. */
export const runWithEntry = `
    select runs.*, entry.snapshot_digest as entry_snapshot_digest, entry.hash as entry_hash,
      entry.state as entry_state, entry.status as entry_status
    from cutter_store.runs left join cutter_store.history as entry on entry.run_id = runs.run_id and entry.seq = runs.seq`

const tokenFields = `
    select token_id as "tokenId", name, role, machines, run_id as "runId", created_at as "createdAt", created_by as "createdBy",
      expires_at as "expiresAt", revoked_at as "revokedAt", revoked_by as "revokedBy", last_used_at as "lastUsedAt"
    from cutter_store.tokens`

const prunedFields = `
    run_id as "runId", machine, mode, outcome, start_key as "startKey", seq, head, closed_at as "closedAt", pruned_at as "prunedAt", by,
      bundle_digest as "bundleDigest"`

/** Every statement of the store, named by a verb. A parameter is `@` and its name. */
const texts = {
  insertKey: `
    insert into cutter_store.start_keys (start_key, run_id) values (@start_key, @run_id) on conflict do nothing`,
  runOfKey: `
    select start_keys.run_id, bundle_digest from cutter_store.start_keys left join cutter_store.pruned_runs using (run_id)
    where start_keys.start_key = @start_key`,
  insertRun: `
    insert into cutter_store.runs (${runColumns.join(', ')}) values (${runColumns.map((column) => `@${column}`).join(', ')})`,
  // A run's definition changes by an upgrade alone.
  updateRun: `
    update cutter_store.runs r set waits_since = ${waitsSince((column) => `@${column}`)}, outcome = @outcome, ${stepChanges},
      version = coalesce(@version, version), definition_digest = coalesce(@definition_digest, definition_digest)
    where run_id = @run_id and seq = @before and head = @previous_hash`,
  insertEntry: `
    insert into cutter_store.history (run_id, ${entryColumns.join(', ')}, place)
    values (@run_id, ${entryValues}, cutter_store.place(0))`,
  historiesWithoutRun: `
    select run_id from cutter_store.history
    where seq = 1 and not exists (select 1 from cutter_store.runs where runs.run_id = history.run_id) order by run_id`,
  newestHistoriesWithoutRun: `
    select run_id from (select run_id, seq from cutter_store.history order by place desc limit @limit) as newest
    where seq = 1 and not exists (select 1 from cutter_store.runs where runs.run_id = newest.run_id) order by run_id`,

  deleteDoneEffect:
    'delete from cutter_store.effects where run_id = @run_id and invoke_id = @invoke_id and owner = @owner',
  deleteEffect: 'delete from cutter_store.effects where run_id = @run_id and invoke_id = @invoke_id',
  insertEffect: `
    insert into cutter_store.effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt)
    values (@run_id, @invoke_id, @seq, @name, @input, @owner, @lease_until, 1)`,
  copyEffect: `
    insert into cutter_store.effects (run_id, invoke_id, seq, name, input, owner, lease_until, attempt)
    values (@run_id, @invoke_id, @seq, @name, @input, @owner, @lease_until, @attempt)`,
  copyEntry: `
    insert into cutter_store.history (run_id, ${entryColumns.join(', ')}, place)
    values (@run_id, ${entryValues}, cutter_store.place(@nth::integer))`,
  claim: `
    update cutter_store.effects set owner = @owner, lease_until = @until, attempt = attempt + 1
    where run_id = @run_id and invoke_id = @invoke_id and owner is not distinct from @from and lease_until is not distinct from @from_until
    returning *`,
  release: `
    update cutter_store.effects set owner = null, lease_until = null where run_id = @run_id and owner = @owner`,
  renew: 'update cutter_store.effects set lease_until = @until where run_id = @run_id and owner = @owner',

  insertTimer: `
    insert into cutter_store.timers (run_id, timer_id, due_at, event) values (@run_id, @timer_id, @due_at, @event)`,
  deleteTimer: 'delete from cutter_store.timers where run_id = @run_id and timer_id = @timer_id',

  insertApproval: `
    insert into cutter_store.approvals (approval_id, run_id, gate, kind, statement_text, signature, imported_at, place, approver,
      statement_seq, expires_at, review_decision_id)
    values (@approval_id, @run_id, @gate, @kind, @statement_text, @signature, @imported_at, cutter_store.place(0), @approver,
      @statement_seq, @expires_at, @review_decision_id)
    on conflict (approval_id) do update set signature = excluded.signature, imported_at = excluded.imported_at
      where approvals.used_seq is null and approvals.kind = 'signed' and excluded.kind = 'signed'`,
  useApproval: `
    update cutter_store.approvals set used_seq = @used_seq, used_at = @used_at
    where approval_id = @approval_id and run_id = @run_id and used_seq is null`,

  insertMessage: `
    insert into cutter_store.outbox (message_id, receiver, kind, run_id, seq, at, facts, next_at)
    values (@message_id, @receiver, @kind, @run_id, @seq, @at, @facts, @at) on conflict (message_id, receiver) do nothing`,
  messageReceivers: `
    select distinct receiver from cutter_store.outbox where outcome is null order by receiver`,
  // Of each run the oldest one that waits: the others come after it.
  dueMessages: `
    select * from cutter_store.outbox as head where receiver = @receiver and outcome is null and next_at <= @at and not exists (
      select 1 from cutter_store.outbox as earlier where earlier.receiver = head.receiver
        and earlier.run_id is not distinct from head.run_id and earlier.id < head.id and earlier.outcome is null)
    order by next_at, id limit @limit`,
  deleteMessage: 'delete from cutter_store.outbox where id = @id',
  keepMessage: `update cutter_store.outbox set outcome = 'delivered', error = null where id = @id`,
  failMessage: `
    update cutter_store.outbox set attempts = attempts + 1, tried_at = coalesce(tried_at, @triedAt), error = @error, outcome = @outcome
    where id = @id`,
  // Those that come after it wait as long as it does.
  delayMessages: `
    update cutter_store.outbox set next_at = @nextAt
    where outcome is null and receiver = @receiver and run_id is not distinct from @runId and next_at < @nextAt`,
  sweepDelivered: `
    delete from cutter_store.outbox where outcome = 'delivered' and not exists (
      select 1 from cutter_store.runs
      where runs.run_id = outbox.run_id and coalesce(runs.gate_seq, runs.seq) = outbox.seq)`,
  sweepDead: `delete from cutter_store.outbox where outcome = 'dead' and tried_at < @before`,
  countMessages: `
    select receiver, coalesce(outcome, 'waiting') as state, count(*)::integer as count, min(at) as since,
      (select error from cutter_store.outbox as newest where newest.receiver = outbox.receiver
        and newest.outcome is not distinct from outbox.outcome and error is not null order by id desc limit 1) as error
    from cutter_store.outbox where outcome is distinct from 'delivered' group by receiver, outcome order by receiver, outcome`,
  waitingAtGates: `
    select runs.run_id as "runId", machine, mode, runs.state, runs.status, gate, gate_seq as seq, arrival.at as since
    from cutter_store.runs join cutter_store.history as arrival on arrival.run_id = runs.run_id and arrival.seq = gate_seq
    where runs.status = 'paused' and arrival.at <= @before order by since, runs.run_id`,
  expiringApprovals: `
    select approval_id as "approvalId", expires_at as "expiresAt", run_id as "runId", machine, mode, state, status, runs.gate,
      gate_seq as seq
    from cutter_store.approvals join cutter_store.runs using (run_id)
    where used_seq is null and status = 'paused' and runs.gate = approvals.gate and statement_seq = gate_seq
      and expires_at between @from and @until order by expires_at, approval_id`,
  insertEvidence: `
    insert into cutter_store.evidence (digest, media_type, bytes) values (@digest, @media_type, @bytes)
    on conflict (digest) do nothing`,
  insertRunEvidence: `
    insert into cutter_store.run_evidence (run_id, seq, name, digest) values (@run_id, @seq, @name, @digest)`,
  insertCloseoutSignature: `
    insert into cutter_store.closeout_signatures (run_id, kind, signer, statement_text, signature, public_key, at)
    values (@run_id, @kind, @signer, @statement_text, @signature, @public_key, @at) on conflict do nothing`,
  insertSwitch: `
    insert into cutter_store.execution_switch (enabled, until, reason, by, at) values (@enabled, @until, @reason, @by, @at)`,
  insertHold: `
    insert into cutter_store.holds (kind, run_id, reason, by, at) values (@kind, @runId, @reason, @by, @at)`,
  // The last entry decides, so entries are recorded one after another. 2814 is a number of Cutter's own.
  lockDecisions: 'select pg_catalog.pg_advisory_xact_lock(2814, @which)',

  run: `${runWithEntry} where runs.run_id = @run_id`,
  runByKey: `${runWithEntry} where start_key = @start_key`,
  idLike: 'select run_id from cutter_store.runs where run_id = @run_id',
  idsLike: `${idsLike('runs', 'run_id')} order by run_id limit @limit`,
  history: 'select * from cutter_store.history where run_id = @run_id and seq > @since order by seq',
  newestPlace: `
    select coalesce(max(place), 0) as place from cutter_store.history where place < cutter_store.complete_until()`,
  placeOf: 'select place from cutter_store.history where run_id = @run_id and seq = @seq',
  entriesAfter: `
    select history.*, machine from cutter_store.history join cutter_store.runs using (run_id)
    where place > @place and place < cutter_store.complete_until() order by place limit @limit`,
  workingRuns: `select run_id from cutter_store.runs where status = 'working' order by started_at, run_id`,
  dueGates: `
    select distinct run_id from cutter_store.timers join cutter_store.runs using (run_id)
    where due_at <= @at and status = 'paused' order by run_id`,
  unusedApprovals: `
    select place, run_id as "runId", approval_id as "approvalId" from cutter_store.approvals join cutter_store.runs using (run_id)
    where place > @place and place < cutter_store.complete_until() and used_seq is null and status = 'paused' order by place`,
  // Differs after each transaction that saved anything.
  version: 'select pg_catalog.pg_current_snapshot()::text as version',
  countByPeople: `
    select count(*)::integer as n from cutter_store.history where run_id = @run_id and by != 'engine'`,
  historyByPeople: `
    select * from cutter_store.history where run_id = @run_id and by != 'engine' order by seq`,
  effects: 'select * from cutter_store.effects where run_id = @run_id order by seq, invoke_id',
  timers: 'select * from cutter_store.timers where run_id = @run_id order by due_at, timer_id',
  approval: 'select * from cutter_store.approvals where approval_id = @approval_id',
  approvals: 'select * from cutter_store.approvals order by imported_at, approval_id',
  approvalsOf: `
    select * from cutter_store.approvals where run_id = @run_id order by imported_at, approval_id`,
  approvalsNaming: 'select * from cutter_store.approvals where review_decision_id = @id',
  evidence: 'select bytes from cutter_store.evidence where digest = @digest',
  evidenceOf: `
    select seq, name, digest, coalesce(media_type, '') as media_type, coalesce(length(bytes), 0) as bytes
    from cutter_store.run_evidence left join cutter_store.evidence using (digest) where run_id = @run_id order by seq, name`,
  contentsOf: `
    select digest, bytes from cutter_store.evidence
    where digest in (select digest from cutter_store.run_evidence where run_id = @run_id and seq > @since)`,
  insertToken: `
    insert into cutter_store.tokens (token_id, digest, name, role, machines, run_id, created_at, created_by, expires_at)
    values (@tokenId, @digest, @name, @role, @machines, @runId, @createdAt, @createdBy, @expiresAt)`,
  tokenByDigest: `${tokenFields} where digest = @digest`,
  tokens: `${tokenFields} order by created_at, token_id`,
  useToken: 'update cutter_store.tokens set last_used_at = @at where token_id = @tokenId',
  revokeToken: `
    update cutter_store.tokens set revoked_at = @at, revoked_by = @by where token_id = @tokenId and revoked_at is null`,
  machineModule: `
    select name, path, started_at as "startedAt" from cutter_store.machine_modules where name = @name`,
  machineModules: `
    select name, path, started_at as "startedAt" from cutter_store.machine_modules order by name`,
  rememberModule: `
    insert into cutter_store.machine_modules (name, path, started_at) values (@name, @path, @startedAt)
    on conflict (name) do update set path = excluded.path
      where machine_modules.path = excluded.path or @moved::integer = 1
        or not exists (select 1 from cutter_store.runs where machine = @name and status in ('working', 'paused', 'stopped'))`,
  closeoutSignatures: `
    select * from cutter_store.closeout_signatures where run_id = @run_id order by kind = 'instance' desc, signer`,
  prune: 'select cutter_store.prune_run(@pruned) as is_pruned',
  prunedLike: `${idsLike('pruned_runs', prunedFields)} order by "runId"`,
  executionSwitch: `
    select enabled, until, reason, by, at from cutter_store.execution_switch order by id desc limit 1`,
  hold: `
    select id, kind, at, reason, by from cutter_store.holds where kind != 'release' order by id desc limit 1`,
  released: `
    select distinct run_id from cutter_store.holds where kind = 'release' and id > @id order by run_id`,
} as const

export type StatementName = keyof typeof texts

export interface Statement {
  text: string
  /** The values in the order of the statement’s parameters. */
  bind(values: { [name: string]: unknown }): unknown[]
}

/** A statement whose parameters are numbers, as PostgreSQL has them, made of a text whose parameters have names. */
export function numbered(named: string): Statement {
  const names: string[] = []
  const text = named.replace(/@([A-Za-z_]+)/g, (_, name: string) => {
    if (!names.includes(name)) names.push(name)
    return `$${names.indexOf(name) + 1}`
  })
  return { text, bind: (values) => names.map((name) => values[name] ?? null) }
}

const known = new Map<StatementName, Statement>()

/** The statement of a name. */
export function statementOf(name: StatementName): Statement {
  const found = known.get(name) ?? numbered(texts[name])
  known.set(name, found)
  return found
}
