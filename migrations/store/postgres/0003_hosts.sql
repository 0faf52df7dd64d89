-- The services that work on the store, as each says of itself. Nothing is decided by it: people compare hosts.

create table cutter_store.hosts (
  home        text collate "C" not null primary key,
  host        text not null,
  version     text not null,
  -- By machine: its version and the digest of its definition.
  machines    text not null constraint machines_are_json check (machines::json is not null),
  signers     text,
  revoked_keys text,
  policy      text not null,
  -- How far the clock of the host is ahead of the server’s, in milliseconds.
  clock_ms    bigint not null,
  started_at  timestamptz not null,
  seen_at     timestamptz not null default clock_timestamp(),
  ended_at    timestamptz
);
