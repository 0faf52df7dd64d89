-- By whose rules live runs work: digests of the signers, the revoked keys and the policy, which every host must have alike. The owner publishes them; the
-- service can only read them, so that a host with weaker rules can't make them count. The newest row decides.

create table cutter_store.rules (
  id            bigint generated always as identity primary key,
  signers       text,
  revoked_keys  text,
  policy        text not null,
  host          text not null,
  at            timestamptz not null default clock_timestamp()
);
create trigger rules_are_not_changed before update or delete on cutter_store.rules
  for each row execute function cutter_store.refuse('published rules stay known');
create trigger rules_are_not_emptied before truncate on cutter_store.rules
  for each statement execute function cutter_store.refuse('published rules stay known');
