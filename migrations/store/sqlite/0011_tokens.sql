-- Tokens of callers of the service. Only the SHA-256 of a token is here, so a copy of the store lets nobody in. A token is never removed,
-- because its name stands in histories as an operator.

create table tokens (
  token_id      text not null primary key,
  digest        text not null constraint token_is_known_once unique,
  name          text not null,
  role          text not null constraint role_is_known check (role in ('viewer', 'operator', 'admin')),
  machines      text constraint machines_are_json check (json_valid(machines)),
  run_id        text,
  created_at    text not null,
  created_by    text not null,
  expires_at    text not null,
  revoked_at    text,
  revoked_by    text,
  last_used_at  text,
  constraint links_only_read check (run_id is null or role = 'viewer'),
  constraint revocations_name_their_author check ((revoked_at is null) = (revoked_by is null))
) strict;

create trigger tokens_are_only_used_and_revoked
before update of token_id, digest, name, role, machines, run_id, created_at, created_by, expires_at on tokens begin
  select raise(abort, 'what a token may do does not change');
end;
create trigger tokens_stay_revoked before update of revoked_at, revoked_by on tokens when old.revoked_at is not null begin
  select raise(abort, 'a revoked token stays revoked');
end;
create trigger tokens_are_not_deleted before delete on tokens begin
  select raise(abort, 'tokens stay known');
end;
