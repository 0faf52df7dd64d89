-- Holds: the newest row that says on or off counts. A release lets one run go on under the hold that was on when it was
-- written; switching on anew ends it.
create table holds (
  id      integer primary key,
  kind    text not null constraint hold_kind_is_known check (kind in ('on', 'off', 'release')),
  run_id  text references runs (run_id),
  reason  text,
  by      text not null,
  at      text not null,
  constraint releases_name_their_run check ((kind = 'release') = (run_id is not null)),
  constraint holding_says_why check (kind != 'on' or reason is not null),
  constraint reasons_are_not_blank check (trim(reason) != '')
) strict;

create trigger holds_are_not_edited before update on holds begin
  select raise(abort, 'holds are append-only');
end;
create trigger holds_are_not_deleted before delete on holds begin
  select raise(abort, 'holds are append-only');
end;
