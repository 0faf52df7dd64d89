-- Reading stays as fast among many runs. A run is found by the end of its id without comparing each id: by its last eight characters, from the
-- last to the first (src/store/sqlite/ids-like.ts). A run that somebody deletes by hand is written down, so that a list of runs names it without
-- comparing all runs with all histories, as `cutter store check` and `cutter doctor` do.

create index runs_by_end on runs (substr(run_id, -1, 1) || substr(run_id, -2, 1) || substr(run_id, -3, 1) || substr(run_id, -4, 1)
  || substr(run_id, -5, 1) || substr(run_id, -6, 1) || substr(run_id, -7, 1) || substr(run_id, -8, 1));
create index pruned_runs_by_end on pruned_runs (substr(run_id, -1, 1) || substr(run_id, -2, 1) || substr(run_id, -3, 1)
  || substr(run_id, -4, 1) || substr(run_id, -5, 1) || substr(run_id, -6, 1) || substr(run_id, -7, 1) || substr(run_id, -8, 1));

create table deleted_runs (run_id text not null primary key) strict, without rowid;

insert into deleted_runs
select run_id from history where seq = 1 and not exists (select 1 from runs where runs.run_id = history.run_id);

-- Also where the guard `runs_are_not_deleted` was removed. A prune takes the row away again.
create trigger deleted_runs_are_known after delete on runs begin
  insert into deleted_runs values (old.run_id) on conflict do nothing;
end;
create trigger deleted_runs_stay_known before delete on deleted_runs begin
  select raise(abort, 'deleted runs stay known');
end;
