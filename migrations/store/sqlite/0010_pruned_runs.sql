-- Runs that were taken out of the store after all that they left was written into a bundle. What must outlive them is that
-- their start key is used, and where their history ended.

create table pruned_runs (
  run_id         text not null primary key,
  machine        text not null,
  mode           text not null,
  outcome        text not null,
  start_key      text constraint pruned_start_key_was_used_once unique,
  seq            integer not null,
  head           text not null,
  closed_at      text not null,
  pruned_at      text not null,
  by             text not null,
  bundle_digest  text not null
) strict;

create trigger pruned_runs_are_not_edited before update on pruned_runs begin
  select raise(abort, 'what was pruned stays known');
end;
create trigger pruned_runs_are_not_deleted before delete on pruned_runs begin
  select raise(abort, 'what was pruned stays known');
end;
