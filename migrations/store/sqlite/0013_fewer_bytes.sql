-- A finished run takes fewer bytes. Digests of the history are 32 bytes instead of 71 characters. An entry that follows another one does not
-- repeat its hash. Events, the snapshots of closed runs and closeouts are packed: `packed` and `unpacked` are functions of
-- src/store/sqlite/packed-text.ts. Whatever is no digest, or does not hold, stays readable as it is, so that reading it finds the fault.

alter table runs add column packed_snapshot blob; -- Of a closed run, whose snapshot is '' then.

update runs set packed_snapshot = packed(snapshot), snapshot = '' where outcome is not null;

create table smaller_history (
  id               integer primary key,
  previous_id      integer, -- Null for a run's first entry.
  run_id           text not null references runs (run_id),
  seq              integer not null,
  at               text not null,
  event            any not null constraint event_is_json check (typeof(event) = 'blob' or json_valid(event)), -- Packed.
  by               text not null,
  state            text not null,
  status           text not null,
  snapshot_digest  any not null,
  previous_hash    any, -- Null where it is the hash of the entry `previous_id`.
  hash             any not null,
  constraint first_entries_follow_none check ((seq = 1) = (previous_id is null)),
  constraint first_entries_follow_the_facts_of_their_run check (seq > 1 or previous_hash is not null)
) strict;

insert into smaller_history
select entry.id, entry.previous_id, entry.run_id, entry.seq, entry.at, packed(entry.event), entry.by, entry.state, entry.status,
  iif(entry.snapshot_digest = 'sha256:' || lower(hex(unhex(substr(entry.snapshot_digest, 8)))),
    unhex(substr(entry.snapshot_digest, 8)), entry.snapshot_digest),
  case
    when entry.previous_hash = before.hash then null
    when entry.previous_hash = 'sha256:' || lower(hex(unhex(substr(entry.previous_hash, 8)))) then unhex(substr(entry.previous_hash, 8))
    else entry.previous_hash
  end,
  iif(entry.hash = 'sha256:' || lower(hex(unhex(substr(entry.hash, 8)))), unhex(substr(entry.hash, 8)), entry.hash)
from history as entry left join history as before on before.id = entry.previous_id and before.run_id = entry.run_id
order by entry.id;

drop table history;
alter table smaller_history rename to history;

-- Who operated a run is asked whenever somebody comes to a gate.
create index history_by_people on history (run_id) where by != 'engine';
-- One row for each run, so that a history without a run is found without reading all entries.
create index first_entries on history (run_id) where seq = 1;

create trigger history_is_not_edited before update on history begin
  select raise(abort, 'history is append-only');
end;
create trigger history_is_not_deleted before delete on history begin
  select raise(abort, 'history is append-only');
end;

create table smaller_closeout_signatures (
  run_id          text not null references runs (run_id),
  kind            text not null constraint closeout_kind_is_known check (kind in ('instance', 'countersign')),
  signer          text not null,
  statement_text  any constraint closeout_is_json check (typeof(statement_text) != 'text' or json_valid(statement_text)), -- Packed.
  signature       any not null, -- Packed.
  public_key      text,
  at              text not null,
  primary key (run_id, kind, signer),
  constraint the_instance_shows_its_key check ((kind = 'instance') = (public_key is not null)),
  -- People sign what the instance signed, nearly always: it stands once then.
  constraint the_instance_shows_its_statement check (kind != 'instance' or statement_text is not null)
) strict; -- With a rowid: in a table without one, a row of more than 1,000 bytes takes a page of its own.

insert into smaller_closeout_signatures
select given.run_id, given.kind, given.signer,
  iif(given.kind != 'instance' and given.statement_text = sealed.statement_text, null, packed(given.statement_text)),
  packed(given.signature), given.public_key, given.at
from closeout_signatures as given
left join closeout_signatures as sealed on sealed.run_id = given.run_id and sealed.kind = 'instance';

drop table closeout_signatures;
alter table smaller_closeout_signatures rename to closeout_signatures;

create unique index closeout_is_sealed_once on closeout_signatures (run_id) where kind = 'instance';

create trigger closeout_signatures_are_not_edited before update on closeout_signatures begin
  select raise(abort, 'closeout signatures are append-only');
end;
create trigger closeout_signatures_are_not_deleted before delete on closeout_signatures begin
  select raise(abort, 'closeout signatures are append-only');
end;
