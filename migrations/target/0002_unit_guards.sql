-- The guards of the unit tables. Triggers of one event fire by name: `a_…` asks who writes before `b_…` looks at what.
--
-- Guards that look at rows are functions and not WHEN clauses: PostgreSQL reads a clause anew in every statement, and the writer
-- functions write one row a statement; a function is compiled once.

-- Only inside of a writer function is current_user the owner; no setting of a client can pretend that.
create function cutter_governance.writers_only() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if current_user <> 'cutter_owner' then
    raise exception using
      errcode = 'CU001',
      message = format('%s.%s: only a writer function writes here', tg_table_schema, tg_table_name),
      hint = 'call fn_iu_create, fn_iu_enact or their like';
  end if;
  return null;
end $$;

create trigger a_writers_only before insert or update on public.information_unit
  for each statement execute function cutter_governance.writers_only();
create trigger a_writers_only before insert or update on public.unit_version
  for each statement execute function cutter_governance.writers_only();
create trigger a_writers_only before insert on public.iu_lifecycle_log
  for each statement execute function cutter_governance.writers_only();

create trigger a_never_deleted before delete on public.information_unit for each statement
  execute function cutter_governance.refuse('CU003', 'a unit is never deleted', 'retire it with fn_iu_retire');
create trigger a_never_deleted before delete on public.unit_version for each statement
  execute function cutter_governance.refuse('CU003', 'a version is never deleted', 'add another with fn_iu_add_version');
create trigger a_never_changed before update or delete on public.iu_lifecycle_log for each statement
  execute function cutter_governance.refuse('CU011', 'the lifecycle log only grows', 'what happened stays written');
create trigger a_never_changed before insert or update or delete on public.iu_lifecycle_vocab for each statement
  execute function cutter_governance.refuse('CU011', 'the vocabulary is fixed', 'a new word needs a migration');

create trigger a_never_emptied before truncate on public.information_unit for each statement
  execute function cutter_governance.refuse('CU002', 'a table of units is never emptied', 'a unit is retired, not removed');
create trigger a_never_emptied before truncate on public.unit_version for each statement
  execute function cutter_governance.refuse('CU002', 'a table of units is never emptied', 'a unit is retired, not removed');
create trigger a_never_emptied before truncate on public.iu_lifecycle_log for each statement
  execute function cutter_governance.refuse('CU002', 'a table of units is never emptied', 'what happened stays written');
create trigger a_never_emptied before truncate on public.iu_lifecycle_vocab for each statement
  execute function cutter_governance.refuse('CU002', 'a table of units is never emptied', 'the vocabulary is fixed');

-- Birth gate 1: before the row exists.
create function cutter_governance.unit_birth_gate_1() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(new.canonical_address, '') = '' or coalesce(new.unit_kind, '') = '' or coalesce(new.owner_ref, '') = ''
    or coalesce(new.created_by, '') = '' then
    raise exception using errcode = 'CU004', message = format('unit %s: a required field is missing', new.canonical_address),
      hint = 'a unit needs address, kind, owner and actor';
  elsif new.lifecycle_status is distinct from 'draft' then
    raise exception using errcode = 'CU005', message = format('unit %s: born as %s', new.canonical_address, new.lifecycle_status),
      hint = 'a unit is born as a draft; enact it afterwards with fn_iu_enact';
  elsif new.unit_kind !~ '^[a-z][a-z0-9_-]{0,39}$' or new.section_type !~ '^[a-z][a-z0-9_-]{0,39}$' then
    raise exception using errcode = 'CU006', message = format('unit %s: kind and section type are words', new.canonical_address),
      hint = 'at most 40 of a-z, 0-9, _ and -, a letter first';
  end if;
  return new;
end $$;

create function cutter_governance.version_birth_gate_1() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.unit_id is null or new.version_seq is null or coalesce(new.body, '') = '' or coalesce(new.created_by, '') = '' then
    raise exception using errcode = 'CU004', message = format('version of unit %s: a required field is missing', new.unit_id),
      hint = 'a version needs unit, number, body and actor';
  elsif new.lifecycle_status is distinct from 'draft' then
    raise exception using errcode = 'CU005', message = format('version of unit %s: born as %s', new.unit_id, new.lifecycle_status),
      hint = 'a version is born as a draft; enact its unit afterwards with fn_iu_enact';
  end if;
  return new;
end $$;

create trigger b_birth_gate_1 before insert on public.information_unit
  for each row execute function cutter_governance.unit_birth_gate_1();
create trigger b_birth_gate_1 before insert on public.unit_version
  for each row execute function cutter_governance.version_birth_gate_1();

-- Birth gate 2: at commit. Reads the row anew, since a deferred trigger still carries the row of its own statement; runs as
-- the owner, since at commit the writer function's own rights are gone.
create function cutter_governance.birth_gate_2() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from public.information_unit u join public.unit_version v on v.id = u.version_anchor_ref
    where u.id = new.id and v.unit_id = u.id
      and v.lifecycle_status = u.lifecycle_status and v.content_hash = u.content_anchor_ref;
  if not found then
    raise exception using
      errcode = 'CU007',
      message = format('unit %s is not anchored to a version of its own, in its own state and text', new.canonical_address),
      hint = 'write a unit, its version and its anchors in one transaction, through fn_iu_create';
  end if;
  return null;
end $$;

create constraint trigger c_birth_gate_2
  after insert or update of version_anchor_ref, content_anchor_ref, lifecycle_status on public.information_unit
  deferrable initially deferred for each row execute function cutter_governance.birth_gate_2();

-- What a row may become. An enacted unit still moves along its lifecycle, and its anchors move when a version is replaced.
create function cutter_governance.unit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if (old.id, old.canonical_address, old.created_by, old.created_at)
    is distinct from (new.id, new.canonical_address, new.created_by, new.created_at) then
    raise exception using errcode = 'CU008', message = format('unit %s: id, address and birth never change', old.canonical_address),
      hint = 'a new address is a new unit and an alias';
  elsif old.lifecycle_status <> 'draft' and
    (old.unit_kind, old.owner_ref, old.conformance_status, old.identity_profile, old.parent_or_container_ref, old.doc_code,
     old.section_type, old.section_code, old.sort_order)
    is distinct from
    (new.unit_kind, new.owner_ref, new.conformance_status, new.identity_profile, new.parent_or_container_ref, new.doc_code,
     new.section_type, new.section_code, new.sort_order) then
    raise exception using errcode = 'CU009', message = format('unit %s is %s and not edited', old.canonical_address, old.lifecycle_status),
      hint = 'add a version with fn_iu_add_version';
  end if;
  perform cutter_governance.require_next_status(old.canonical_address, old.lifecycle_status, new.lifecycle_status);
  return new;
end $$;

create function cutter_governance.version_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if old.lifecycle_status <> 'draft' and
    (old.version_seq, old.title, old.description, old.body, old.content_hash, old.content_profile, old.review_state,
     old.provenance, old.editor, old.enacted_at)
    is distinct from
    (new.version_seq, new.title, new.description, new.body, new.content_hash, new.content_profile, new.review_state,
     new.provenance, new.editor, new.enacted_at) then
    raise exception using errcode = 'CU009', message = format('version %s is %s and not edited', old.id, old.lifecycle_status),
      hint = 'add a version with fn_iu_add_version';
  elsif (old.id, old.unit_id, old.version_seq, old.body, old.content_hash, old.created_by, old.created_at)
    is distinct from (new.id, new.unit_id, new.version_seq, new.body, new.content_hash, new.created_by, new.created_at) then
    raise exception using errcode = 'CU008', message = format('version %s: id, number, text and birth never change', old.id),
      hint = 'a new text is a new version; add it with fn_iu_add_version';
  end if;
  perform cutter_governance.require_next_status(old.id::text, old.lifecycle_status, new.lifecycle_status);
  return new;
end $$;

create function cutter_governance.require_next_status(p_what text, p_from text, p_to text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_from is not distinct from p_to then
    return;
  end if;
  perform from public.iu_lifecycle_vocab was join public.iu_lifecycle_vocab becomes on becomes.position = was.position + 1
    where was.status = p_from and becomes.status = p_to;
  if not found then
    raise exception using errcode = 'CU010', message = format('%s does not go from %s to %s', p_what, p_from, p_to),
      hint = 'the order is draft, enacted, superseded, retired, one step at a time';
  end if;
end $$;

create trigger b_change before update on public.information_unit
  for each row execute function cutter_governance.unit_change();
create trigger b_change before update on public.unit_version
  for each row execute function cutter_governance.version_change();
