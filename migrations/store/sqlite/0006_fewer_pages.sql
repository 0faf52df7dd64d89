-- A step costs as many pages as it touches, each written to the journal whole. The history becomes a list that is only ever
-- appended to: each entry knows the one before it, and a run its newest, so that no index has to be kept. The index of open runs
-- is touched when a run is made and when it closes, and by no step between.

drop index open_runs;
create index open_runs on runs (started_at desc, run_id) where outcome is null;

alter table runs add column newest_id integer; -- Of its newest entry.

create table history_as_a_list (
  id               integer primary key,
  previous_id      integer, -- Null for a run's first entry.
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
  constraint first_entries_follow_none check ((seq = 1) = (previous_id is null))
) strict;

insert into history_as_a_list
select rowid, lag(rowid) over (partition by run_id order by seq), run_id, seq, at, event, by, state, status, snapshot_digest,
  previous_hash, hash
from history;

update runs set newest_id = (select rowid from history where history.run_id = runs.run_id and history.seq = runs.seq);

drop table history;
alter table history_as_a_list rename to history;

-- Who operated a run is asked whenever somebody comes to a gate.
create index history_by_people on history (run_id) where by != 'engine';

create trigger history_is_not_edited before update on history begin
  select raise(abort, 'history is append-only');
end;
create trigger history_is_not_deleted before delete on history begin
  select raise(abort, 'history is append-only');
end;
