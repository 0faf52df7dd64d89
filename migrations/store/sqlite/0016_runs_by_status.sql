-- Reading and pruning stay as fast among many open runs and much evidence.

-- Runs of each status, newest first. A step that leaves a run working does not name its status, and touches none of them.
drop index open_runs;
create index working_runs on runs (started_at desc, run_id) where status = 'working';
create index paused_runs on runs (started_at desc, run_id) where status = 'paused';
create index stopped_runs on runs (started_at desc, run_id) where status = 'stopped';

-- Since when a run waits, where its row was changed since then, as by a refused approval. Where it is null, since `updated_at`.
alter table runs add column waits_since text;

with recursive at_gate (run_id, gate_seq, entry_id) as (
  select run_id, gate_seq, newest_id from runs where status = 'paused' and seq > gate_seq
  union all
  select at_gate.run_id, gate_seq, previous_id from at_gate join history on id = entry_id where seq > gate_seq
)
update runs set waits_since = arrived.at
from (select at_gate.run_id, at from at_gate join history on id = entry_id where seq = gate_seq) as arrived
where arrived.run_id = runs.run_id;

-- Runs that wait for people, the longest wait first.
create index waiting_runs on runs (status, mode, coalesce(waits_since, updated_at), run_id) where stop_code is not null;

-- Which other runs have the same evidence: by eight characters of its digest, because an index of all of them would take twice the bytes.
create index run_evidence_by_digest on run_evidence (substr(digest, 8, 8));
