-- A run is removed with everything that belongs to it, by a prune, or not at all. Whoever deletes its row alone by hand would leave a
-- history without a run.

create trigger runs_are_not_deleted before delete on runs begin
  select raise(abort, 'runs are kept: cutter store prune removes closed ones');
end;

-- One row for each run, so that a history without a run is found without reading all entries.
create index first_entries on history (run_id) where seq = 1;
