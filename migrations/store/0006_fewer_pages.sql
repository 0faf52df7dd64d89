-- A step costs as many pages as it touches, each written to the journal whole. The history becomes one tree instead of a table
-- and an index, and the index of open runs is touched when a run is made and when it closes, and by no step between.

drop index open_runs;
create index open_runs on runs (started_at desc, run_id) where outcome is null;

create table history_in_one_tree (
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
) strict, without rowid;

insert into history_in_one_tree
select run_id, seq, at, event, by, state, status, snapshot_digest, previous_hash, hash from history order by run_id, seq;

drop table history;
alter table history_in_one_tree rename to history;

create trigger history_is_not_edited before update on history begin
  select raise(abort, 'history is append-only');
end;
create trigger history_is_not_deleted before delete on history begin
  select raise(abort, 'history is append-only');
end;
