-- Who vouches for the end of a run: the instance, once, and people who countersign. What is signed are the bytes of the
-- closeout, kept with each signature so that a row can be checked by itself.

create table closeout_signatures (
  run_id          text not null references runs (run_id),
  kind            text not null constraint closeout_kind_is_known check (kind in ('instance', 'countersign')),
  signer          text not null,
  statement_text  text not null constraint closeout_is_json check (json_valid(statement_text)),
  signature       text not null,
  public_key      text,
  at              text not null,
  primary key (run_id, kind, signer),
  constraint the_instance_shows_its_key check ((kind = 'instance') = (public_key is not null))
) strict, without rowid;

create unique index closeout_is_sealed_once on closeout_signatures (run_id) where kind = 'instance';

create trigger closeout_signatures_are_not_edited before update on closeout_signatures begin
  select raise(abort, 'closeout signatures are append-only');
end;
create trigger closeout_signatures_are_not_deleted before delete on closeout_signatures begin
  select raise(abort, 'closeout signatures are append-only');
end;
