-- Messages for receivers that cutter.yaml names, one row for each message and receiver, written in the transaction of what it tells of. A row is
-- removed once its message was delivered, or when it is dead for a month. One that a clock asked for stays until its run moves, so that
-- nobody gets it twice. Without receivers the table is empty.

create table outbox (
  id          integer primary key,
  message_id  text not null,
  receiver    text not null,
  kind        text not null,
  run_id      text references runs (run_id), -- Null for holds.
  seq         integer, -- Of the entry, or of the arrival at the gate at which the run waits.
  at          text not null,
  facts       text not null constraint facts_are_json check (json_valid(facts)),
  attempts    integer not null default 0,
  tried_at    text, -- The first attempt.
  next_at     text not null,
  outcome     text constraint outcome_is_known check (outcome in ('delivered', 'dead')),
  error       text,
  constraint message_has_one_row unique (message_id, receiver)
) strict;

create index outbox_by_run on outbox (receiver, run_id, id) where outcome is null;
create index outbox_by_time on outbox (receiver, next_at, id) where outcome is null;
