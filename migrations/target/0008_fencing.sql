-- Fencing: the highest token with which a run has written or probed here. A process that was suspended while another one took its run over
-- comes back with a lower token, and writes nothing.
--
-- Each transaction that writes or probes first saves its token. The row stays locked until its end, so that two processes of a run never
-- overlap. The schema is one of its own, and has no functions, so that the surface of a target and the catalogue of a database, which
-- approved plans name, stay as they are.
create table cutter_fencing.token (
  run text not null,
  -- The step that asked for the effect, and the number of its claims. A later step has a higher token, whatever its claims.
  seq integer not null,
  attempt integer not null,
  taken_at timestamptz not null default now(),
  constraint token_pkey primary key (run),
  constraint token_counts_from_one check (seq >= 1 and attempt >= 1)
);

grant usage on schema cutter_fencing to cutter_executor, cutter_verifier;
grant select, insert, update on cutter_fencing.token to cutter_executor, cutter_verifier;
