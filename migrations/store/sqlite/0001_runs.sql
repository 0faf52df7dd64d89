-- Runs, their history, the effects in flight, timers, approvals and evidence. A step of a run changes these tables in
-- one transaction and nothing else changes them. What SQL can hold is held here, by name.

create table runs (
  run_id             text not null primary key,
  machine            text not null,
  version            text not null,
  definition_digest  text not null,
  mode               text not null constraint mode_is_known check (mode in ('dry-run', 'live')),
  input              text not null constraint input_is_json check (json_valid(input)),
  start_key          text constraint start_key_is_used_once unique,
  started_by         text not null,
  os_user            text not null,
  started_at         text not null,
  updated_at         text not null,
  worked_ms          integer not null constraint worked_ms_is_positive check (worked_ms >= 0),
  seq                integer not null constraint seq_starts_at_one check (seq >= 1),
  status             text not null constraint status_is_known check (status in ('working', 'paused', 'stopped', 'closed')),
  state              text not null,
  phase              text,
  stop_code          text,
  stop               text constraint stop_is_json check (json_valid(stop)),
  outcome            text constraint outcome_is_known
                       check (outcome in ('succeeded', 'rejected', 'failed', 'cancelled', 'voided', 'rolled-back')),
  gate               text,
  gate_seq           integer,
  gate_head          text,
  plan_digest        text,
  output             text not null constraint output_is_json check (json_valid(output)),
  snapshot           text not null,
  snapshot_digest    text not null,
  head               text not null,
  constraint paused_runs_name_their_gate check ((status = 'paused') = (gate is not null)),
  constraint paused_runs_know_their_arrival check (status != 'paused' or (gate_seq is not null and gate_head is not null)),
  constraint closed_runs_have_an_outcome check ((status = 'closed') = (outcome is not null)),
  constraint stopped_runs_say_why check ((status = 'stopped') = (stop is not null)),
  constraint resting_runs_have_a_stop_code check ((status in ('paused', 'stopped')) = (stop_code is not null)),
  constraint arrival_is_whole check ((gate_seq is null) = (gate_head is null))
) strict;

create index runs_by_start on runs (started_at desc, run_id);
create index open_runs on runs (status, run_id) where status != 'closed';

create table history (
  run_id           text not null references runs (run_id),
  seq              integer not null,
  at               text not null,
  event            text not null constraint event_is_json check (json_valid(event)),
  by               text not null,
  state            text not null,
  status           text not null,
  snapshot_digest  text not null,
  previous_hash    text not null,
  hash             text not null,
  primary key (run_id, seq)
) strict; -- Rows in the order of their coming: many runs at once append to one page instead of one page each.

create trigger history_is_not_edited before update on history begin
  select raise(abort, 'history is append-only');
end;
create trigger history_is_not_deleted before delete on history begin
  select raise(abort, 'history is append-only');
end;

-- The effects in flight. A row without an owner waits; a row with one is leased. A finished effect leaves its outcome in
-- the history and its row goes to the next one, so this table stays as small as the work at hand.
create table effects (
  run_id       text not null references runs (run_id),
  invoke_id    text not null,
  seq          integer not null,
  name         text not null,
  input        text not null constraint input_is_json check (json_valid(input)),
  owner        text constraint owner_is_json check (json_valid(owner)),
  lease_until  text,
  attempt      integer not null default 0,
  primary key (run_id, invoke_id),
  constraint leased_effects_have_an_end check ((owner is null) = (lease_until is null))
) strict, without rowid;

create table timers (
  run_id    text not null references runs (run_id),
  timer_id  text not null,
  due_at    text not null,
  event     text not null constraint event_is_json check (json_valid(event)),
  primary key (run_id, timer_id)
) strict, without rowid;

create table approvals (
  approval_id     text not null primary key,
  run_id          text not null references runs (run_id),
  gate            text not null,
  kind            text not null constraint kind_is_known check (kind in ('signed', 'rehearsal')),
  statement_text  text not null constraint statement_is_json check (json_valid(statement_text)),
  signature       text,
  imported_at     text not null,
  used_seq        integer,
  used_at         text,
  constraint only_signed_approvals_have_a_signature check ((kind = 'signed') = (signature is not null)),
  constraint use_is_whole check ((used_seq is null) = (used_at is null))
) strict;

create index approvals_by_run on approvals (run_id, imported_at);

-- The id covers the statement and not the signature: whoever imports a worthless signature first must not block the true one.
create trigger approvals_are_used_once before update on approvals
when old.used_seq is not null
  or new.approval_id is not old.approval_id or new.run_id is not old.run_id or new.gate is not old.gate
  or new.kind is not old.kind or new.statement_text is not old.statement_text
begin
  select raise(abort, 'an approval is used once and never edited');
end;
create trigger approvals_are_not_deleted before delete on approvals begin
  select raise(abort, 'approvals are kept');
end;

create table evidence (
  digest      text not null primary key,
  media_type  text not null,
  bytes       blob not null
) strict, without rowid;

create table run_evidence (
  run_id  text not null references runs (run_id),
  seq     integer not null,
  name    text not null,
  digest  text not null references evidence (digest),
  primary key (run_id, seq, name)
) strict, without rowid;

create trigger evidence_is_not_edited before update on evidence begin
  select raise(abort, 'evidence is append-only');
end;
create trigger evidence_is_not_deleted before delete on evidence begin
  select raise(abort, 'evidence is append-only');
end;
create trigger run_evidence_is_not_edited before update on run_evidence begin
  select raise(abort, 'evidence is append-only');
end;
create trigger run_evidence_is_not_deleted before delete on run_evidence begin
  select raise(abort, 'evidence is append-only');
end;

-- The execution switch: the newest row counts, and only until its time.
create table execution_switch (
  id       integer primary key,
  enabled  integer not null constraint enabled_is_yes_or_no check (enabled in (0, 1)),
  until    text,
  reason   text not null,
  by       text not null,
  at       text not null,
  constraint enabling_ends check ((enabled = 1) = (until is not null))
) strict;

create trigger execution_switch_is_not_edited before update on execution_switch begin
  select raise(abort, 'the execution switch is append-only');
end;
create trigger execution_switch_is_not_deleted before delete on execution_switch begin
  select raise(abort, 'the execution switch is append-only');
end;
