-- Fencing: the newest token with which a run has written or probed here. A process that was suspended while another one took its run over
-- comes back with a lower token, and is refused (CU040).
--
-- The schema is one of its own, so that the surface of a target, which approved plans name, stays as it is.
create table cutter_fencing.token (
  run text not null,
  -- The step that asked for the effect, and the number of its claims. A later step has a higher token, whatever its claims.
  seq integer not null,
  attempt integer not null,
  taken_at timestamptz not null default now(),
  constraint token_pkey primary key (run),
  constraint token_counts_from_one check (seq >= 1 and attempt >= 1)
);

-- First in each transaction that writes or probes. The row stays locked until its end, so that two processes of a run never overlap.
create function cutter_fencing.take(p_run text, p_seq integer, p_attempt integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  newest record;
begin
  insert into cutter_fencing.token as t (run, seq, attempt) values (p_run, p_seq, p_attempt)
    on conflict (run) do update set seq = excluded.seq, attempt = excluded.attempt, taken_at = now()
      where (t.seq, t.attempt) <= (excluded.seq, excluded.attempt);
  if not found then
    select t.seq, t.attempt into newest from cutter_fencing.token t where t.run = p_run;
    raise exception using errcode = 'CU040',
      message = format('run %s has already come with the token %s.%s, which is higher than %s.%s', p_run, newest.seq, newest.attempt,
        p_seq, p_attempt),
      hint = 'another process has taken the run over';
  end if;
end $$;

revoke all on function cutter_fencing.take(text, integer, integer) from public;
grant usage on schema cutter_fencing to cutter_executor, cutter_verifier;
grant execute on function cutter_fencing.take(text, integer, integer) to cutter_executor, cutter_verifier;
