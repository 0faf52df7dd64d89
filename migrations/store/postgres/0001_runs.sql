-- The store of runs that several hosts share. The owner of the schema applies this; the service logs in as another role, which can append, and can
-- edit only what a run is now. Texts are kept exactly as they are hashed and signed, so JSON is text. Identifiers and times (ISO 8601 in UTC) compare
-- by their bytes, as SQLite compares them, whatever the locale of the database is.

create table cutter_store.versions (
  version     integer not null primary key,
  applied_at  timestamptz not null default now()
);

-- A place is the number of a transaction, then the number of the entry in it. After a restore into another server, whose transactions begin at a
-- lower number, `first_transaction` keeps later places greater.
create table cutter_store.places (
  only_row           boolean not null primary key default true constraint there_is_one_row check (only_row),
  first_transaction  bigint not null
);
insert into cutter_store.places (first_transaction) values (0);

-- The place of what this transaction saves. 1,024 in one transaction are told apart.
create function cutter_store.place(nth integer) returns bigint language sql volatile
  begin atomic
    select ((pg_catalog.pg_current_xact_id()::text::bigint + first_transaction) << 10) + nth from cutter_store.places;
  end;

-- No transaction that still works will save anything before this place: what lies before it is complete.
create function cutter_store.complete_until() returns bigint language sql volatile
  begin atomic
    select (pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint + first_transaction) << 10
    from cutter_store.places;
  end;

-- Keys outlive their runs, so that a prune at the same moment leaves no time at which a key is free.
create table cutter_store.start_keys (
  start_key  text collate "C" not null constraint start_key_is_used_once primary key,
  run_id     text collate "C" not null
);

create table cutter_store.runs (
  run_id             text collate "C" not null primary key,
  machine            text collate "C" not null,
  version            text not null,
  definition_digest  text not null,
  mode               text not null constraint mode_is_known check (mode in ('dry-run', 'live')),
  input              text not null constraint input_is_json check (input::json is not null),
  start_key          text collate "C" references cutter_store.start_keys (start_key),
  started_by         text collate "C" not null,
  os_user            text not null,
  started_at         text collate "C" not null,
  updated_at         text collate "C" not null,
  worked_ms          bigint not null constraint worked_ms_is_positive check (worked_ms >= 0),
  seq                integer not null constraint seq_starts_at_one check (seq >= 1),
  status             text not null constraint status_is_known check (status in ('working', 'paused', 'stopped', 'closed')),
  state              text collate "C" not null,
  phase              text,
  stop_code          text,
  stop               text constraint stop_is_json check (stop is null or stop::json is not null),
  outcome            text constraint outcome_is_known
                       check (outcome in ('succeeded', 'rejected', 'failed', 'cancelled', 'voided', 'rolled-back', 'abandoned')),
  gate               text collate "C",
  gate_seq           integer,
  gate_head          text,
  plan_digest        text,
  output             text not null constraint output_is_json check (output::json is not null),
  snapshot           text not null,
  snapshot_digest    text not null,
  head               text not null,
  -- Since when it waits for people: its arrival at the gate, or its stop.
  waits_since        text collate "C",
  -- What the input names, for filters.
  document           text collate "C",
  target             text collate "C",
  host               text collate "C",
  constraint paused_runs_name_their_gate check ((status = 'paused') = (gate is not null)),
  constraint paused_runs_know_their_arrival check (status != 'paused' or (gate_seq is not null and gate_head is not null)),
  constraint closed_runs_have_an_outcome check ((status = 'closed') = (outcome is not null)),
  constraint stopped_runs_say_why check ((status = 'stopped') = (stop is not null)),
  constraint resting_runs_have_a_stop_code check ((status in ('paused', 'stopped')) = (stop_code is not null)),
  constraint resting_runs_wait_since_a_time check ((status in ('paused', 'stopped')) = (waits_since is not null)),
  constraint arrival_is_whole check ((gate_seq is null) = (gate_head is null))
) with (fillfactor = 70);

create index runs_by_start on cutter_store.runs (started_at desc, run_id);
create index runs_by_end on cutter_store.runs (reverse(right(run_id, 8)));
create index runs_by_key on cutter_store.runs (start_key) where start_key is not null;
create index working_runs on cutter_store.runs (started_at desc, run_id) where status = 'working';
create index paused_runs on cutter_store.runs (started_at desc, run_id) where status = 'paused';
create index stopped_runs on cutter_store.runs (started_at desc, run_id) where status = 'stopped';
create index waiting_runs on cutter_store.runs (status, mode, waits_since, run_id) where waits_since is not null;

create table cutter_store.history (
  run_id           text collate "C" not null references cutter_store.runs (run_id),
  seq              integer not null,
  at               text collate "C" not null,
  event            text not null constraint event_is_json check (event::json is not null),
  by               text collate "C" not null,
  state            text not null,
  status           text not null,
  snapshot_digest  text not null,
  previous_hash    text not null,
  hash             text not null,
  place            bigint not null constraint place_is_taken_once unique,
  primary key (run_id, seq)
);
-- Who operated a run is asked whenever somebody comes to a gate.
create index history_by_people on cutter_store.history (run_id, seq) where by != 'engine';

create table cutter_store.effects (
  run_id       text collate "C" not null references cutter_store.runs (run_id),
  invoke_id    text collate "C" not null,
  seq          integer not null,
  name         text not null,
  input        text not null constraint input_is_json check (input::json is not null),
  owner        text constraint owner_is_json check (owner is null or owner::json is not null),
  lease_until  text,
  attempt      integer not null default 0,
  primary key (run_id, invoke_id),
  constraint leased_effects_have_an_end check ((owner is null) = (lease_until is null))
) with (fillfactor = 70);

create table cutter_store.timers (
  run_id    text collate "C" not null references cutter_store.runs (run_id),
  timer_id  text collate "C" not null,
  due_at    text collate "C" not null,
  event     text not null constraint event_is_json check (event::json is not null),
  primary key (run_id, timer_id)
);
create index timers_by_time on cutter_store.timers (due_at);

create table cutter_store.approvals (
  approval_id         text collate "C" not null primary key,
  run_id              text collate "C" not null references cutter_store.runs (run_id),
  gate                text collate "C" not null,
  kind                text not null constraint kind_is_known check (kind in ('signed', 'rehearsal')),
  statement_text      text not null constraint statement_is_json check (statement_text::json is not null),
  signature           text,
  imported_at         text collate "C" not null,
  used_seq            integer,
  used_at             text,
  place               bigint not null,
  -- What the statement names, for filters.
  approver            text collate "C",
  statement_seq       integer,
  expires_at          text collate "C",
  review_decision_id  text collate "C",
  constraint only_signed_approvals_have_a_signature check ((kind = 'signed') = (signature is not null)),
  constraint use_is_whole check ((used_seq is null) = (used_at is null))
);
create index approvals_by_run on cutter_store.approvals (run_id, imported_at);
create index approvals_by_review on cutter_store.approvals (review_decision_id) where review_decision_id is not null;
create index unused_approvals on cutter_store.approvals (place) where used_seq is null;

create table cutter_store.evidence (
  digest      text collate "C" not null primary key,
  media_type  text not null,
  bytes       bytea not null
);
create table cutter_store.run_evidence (
  run_id  text collate "C" not null references cutter_store.runs (run_id),
  seq     integer not null,
  name    text collate "C" not null,
  digest  text collate "C" not null constraint evidence_is_there references cutter_store.evidence (digest),
  primary key (run_id, seq, name)
);
create index run_evidence_by_digest on cutter_store.run_evidence (digest);

create table cutter_store.closeout_signatures (
  run_id          text collate "C" not null references cutter_store.runs (run_id),
  kind            text not null constraint closeout_kind_is_known check (kind in ('instance', 'countersign')),
  signer          text collate "C" not null,
  statement_text  text not null constraint closeout_is_json check (statement_text::json is not null),
  signature       text not null,
  public_key      text,
  at              text not null,
  primary key (run_id, kind, signer),
  constraint the_instance_shows_its_key check ((kind = 'instance') = (public_key is not null))
);
create unique index closeout_is_sealed_once on cutter_store.closeout_signatures (run_id) where kind = 'instance';

create table cutter_store.execution_switch (
  id       bigint generated always as identity primary key,
  enabled  integer not null constraint enabled_is_yes_or_no check (enabled in (0, 1)),
  until    text,
  reason   text not null,
  by       text not null,
  at       text not null,
  constraint enabling_ends check ((enabled = 1) = (until is not null))
);
create table cutter_store.holds (
  id      bigint generated always as identity primary key,
  kind    text not null constraint hold_kind_is_known check (kind in ('on', 'off', 'release')),
  run_id  text collate "C" references cutter_store.runs (run_id),
  reason  text,
  by      text not null,
  at      text not null,
  constraint releases_name_their_run check ((kind = 'release') = (run_id is not null)),
  constraint holding_says_why check (kind != 'on' or reason is not null),
  constraint reasons_are_not_blank check (trim(reason) != '')
);

create table cutter_store.machine_modules (
  name        text collate "C" not null primary key,
  path        text not null,
  started_at  text not null
);

create table cutter_store.pruned_runs (
  run_id         text collate "C" not null primary key,
  machine        text not null,
  mode           text not null,
  outcome        text not null,
  start_key      text collate "C",
  seq            integer not null,
  head           text not null,
  closed_at      text not null,
  pruned_at      text not null,
  by             text not null,
  bundle_digest  text not null
);
create index pruned_runs_by_end on cutter_store.pruned_runs (reverse(right(run_id, 8)));

create table cutter_store.tokens (
  token_id      text collate "C" not null primary key,
  digest        text not null constraint token_is_known_once unique,
  name          text not null,
  role          text not null constraint role_is_known check (role in ('viewer', 'operator', 'admin')),
  machines      text constraint machines_are_json check (machines is null or machines::json is not null),
  run_id        text collate "C",
  created_at    text collate "C" not null,
  created_by    text not null,
  expires_at    text not null,
  revoked_at    text,
  revoked_by    text,
  last_used_at  text,
  constraint links_only_read check (run_id is null or role = 'viewer'),
  constraint revocations_name_their_author check ((revoked_at is null) = (revoked_by is null))
);

create table cutter_store.outbox (
  id          bigint generated always as identity primary key,
  message_id  text collate "C" not null,
  receiver    text collate "C" not null,
  kind        text not null,
  run_id      text collate "C" references cutter_store.runs (run_id),
  seq         integer,
  at          text collate "C" not null,
  facts       text not null constraint facts_are_json check (facts::json is not null),
  attempts    integer not null default 0,
  tried_at    text collate "C",
  next_at     text collate "C" not null,
  outcome     text collate "C" constraint outcome_is_known check (outcome in ('delivered', 'dead')),
  error       text,
  constraint message_has_one_row unique (message_id, receiver)
);
create index outbox_by_run on cutter_store.outbox (receiver, run_id, id) where outcome is null;
create index outbox_by_time on cutter_store.outbox (receiver, next_at, id) where outcome is null;

-- Guards. The service's role lacks these rights anyway; the triggers bind whoever has them. The rows of a run may be deleted once a row says that
-- it was pruned, which only `prune_run` can write for the service.

create function cutter_store.refuse() returns trigger language plpgsql as $$
begin
  raise exception '%', tg_argv[0] using errcode = 'raise_exception';
end $$;

create function cutter_store.refuse_unless_pruned() returns trigger language plpgsql as $$
begin
  if exists (select 1 from cutter_store.pruned_runs where pruned_runs.run_id = old.run_id) then
    return old;
  end if;
  raise exception '%', tg_argv[0] using errcode = 'raise_exception';
end $$;

create function cutter_store.refuse_used_evidence() returns trigger language plpgsql as $$
begin
  if exists (select 1 from cutter_store.run_evidence where run_evidence.digest = old.digest) then
    raise exception 'evidence is append-only' using errcode = 'raise_exception';
  end if;
  return old;
end $$;

do $$
declare
  guarded text[];
begin
  foreach guarded slice 1 in array array[
    ['history', 'history is append-only'],
    ['run_evidence', 'evidence is append-only'],
    ['closeout_signatures', 'closeout signatures are append-only']]
  loop
    execute format('create trigger %1$s_is_not_edited before update on cutter_store.%1$I for each row execute function cutter_store.refuse(%2$L)',
      guarded[1], guarded[2]);
    execute format('create trigger %1$s_is_not_deleted before delete on cutter_store.%1$I for each row execute function cutter_store.refuse_unless_pruned(%2$L)',
      guarded[1], guarded[2]);
  end loop;
  foreach guarded slice 1 in array array[
    ['execution_switch', 'the execution switch is append-only'],
    ['start_keys', 'used keys stay known'],
    ['pruned_runs', 'what was pruned stays known']]
  loop
    execute format('create trigger %1$s_is_not_changed before update or delete on cutter_store.%1$I for each row execute function cutter_store.refuse(%2$L)',
      guarded[1], guarded[2]);
  end loop;
  foreach guarded slice 1 in array array[
    ['history', 'history is append-only'],
    ['runs', 'runs are kept: cutter store prune removes closed ones'],
    ['approvals', 'approvals are kept'],
    ['evidence', 'evidence is append-only'],
    ['run_evidence', 'evidence is append-only'],
    ['closeout_signatures', 'closeout signatures are append-only'],
    ['holds', 'holds are append-only'],
    ['execution_switch', 'the execution switch is append-only'],
    ['start_keys', 'used keys stay known'],
    ['tokens', 'tokens stay known'],
    ['pruned_runs', 'what was pruned stays known']]
  loop
    execute format('create trigger %1$s_is_not_emptied before truncate on cutter_store.%1$I for each statement execute function cutter_store.refuse(%2$L)',
      guarded[1], guarded[2]);
  end loop;
end $$;

create trigger holds_are_not_edited before update on cutter_store.holds
  for each row execute function cutter_store.refuse('holds are append-only');
-- Of the hold itself nothing is ever deleted; releases go with their run.
create trigger holds_are_not_deleted before delete on cutter_store.holds
  for each row when (old.run_id is null) execute function cutter_store.refuse('holds are append-only');
create trigger releases_are_not_deleted before delete on cutter_store.holds
  for each row when (old.run_id is not null) execute function cutter_store.refuse_unless_pruned('holds are append-only');

create trigger runs_are_not_deleted before delete on cutter_store.runs
  for each row execute function cutter_store.refuse_unless_pruned('runs are kept: cutter store prune removes closed ones');
create trigger runs_keep_their_origin before update on cutter_store.runs
  for each row when (
    (old.run_id, old.machine, old.mode, old.start_key, old.started_by, old.os_user, old.started_at) is distinct from
    (new.run_id, new.machine, new.mode, new.start_key, new.started_by, new.os_user, new.started_at)
    or new.seq != old.seq + 1)
  execute function cutter_store.refuse('a run keeps its origin, and moves by one step at a time');

create trigger approvals_are_not_deleted before delete on cutter_store.approvals
  for each row execute function cutter_store.refuse_unless_pruned('approvals are kept');
create trigger approvals_are_used_once before update on cutter_store.approvals
  for each row when (
    old.used_seq is not null or
    (old.approval_id, old.run_id, old.gate, old.kind, old.statement_text) is distinct from
    (new.approval_id, new.run_id, new.gate, new.kind, new.statement_text))
  execute function cutter_store.refuse('an approval is used once and never edited');

create trigger evidence_is_not_edited before update on cutter_store.evidence
  for each row execute function cutter_store.refuse('evidence is append-only');
create trigger evidence_is_not_deleted before delete on cutter_store.evidence
  for each row execute function cutter_store.refuse_used_evidence();

create trigger tokens_are_only_used_and_revoked before update on cutter_store.tokens
  for each row when (
    (old.token_id, old.digest, old.name, old.role, old.machines, old.run_id, old.created_at, old.created_by, old.expires_at) is distinct from
    (new.token_id, new.digest, new.name, new.role, new.machines, new.run_id, new.created_at, new.created_by, new.expires_at))
  execute function cutter_store.refuse('what a token may do does not change');
create trigger tokens_stay_revoked before update on cutter_store.tokens
  for each row when (
    old.revoked_at is not null and (old.revoked_at, old.revoked_by) is distinct from (new.revoked_at, new.revoked_by))
  execute function cutter_store.refuse('a revoked token stays revoked');
create trigger tokens_are_not_deleted before delete on cutter_store.tokens
  for each row execute function cutter_store.refuse('tokens stay known');

-- Removes a closed run with everything that refers to it. False where the run is not closed at that entry. It works with the owner's rights,
-- because the service can't delete history.
create function cutter_store.prune_run(pruned json) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  pruned_id constant text not null := pruned ->> 'runId';
  named text[];
begin
  perform 1 from cutter_store.runs
  where run_id = pruned_id and status = 'closed' and head = pruned ->> 'head' for update;
  if not found then
    return false;
  end if;
  insert into cutter_store.pruned_runs
  values (pruned_id, pruned ->> 'machine', pruned ->> 'mode', pruned ->> 'outcome', pruned ->> 'startKey', (pruned ->> 'seq')::integer,
    pruned ->> 'head', pruned ->> 'closedAt', pruned ->> 'prunedAt', pruned ->> 'by', pruned ->> 'bundleDigest');
  select array_agg(distinct digest) into named from cutter_store.run_evidence where run_id = pruned_id;
  delete from cutter_store.history where run_id = pruned_id;
  delete from cutter_store.effects where run_id = pruned_id;
  delete from cutter_store.timers where run_id = pruned_id;
  delete from cutter_store.approvals where run_id = pruned_id;
  delete from cutter_store.run_evidence where run_id = pruned_id;
  delete from cutter_store.closeout_signatures where run_id = pruned_id;
  delete from cutter_store.outbox where run_id = pruned_id;
  delete from cutter_store.holds where run_id = pruned_id;
  delete from cutter_store.runs where run_id = pruned_id;
  delete from cutter_store.evidence
  where digest = any (named) and not exists (select 1 from cutter_store.run_evidence where run_evidence.digest = evidence.digest);
  return true;
end $$;
revoke all on function cutter_store.prune_run(json) from public;
