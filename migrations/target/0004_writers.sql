-- The only ways in. Each function runs as the owner, takes the lock of its address first (one writer for an address, until the
-- end of the transaction; addresses of one document share theirs, since a lock for each of thousands fills the server's lock
-- table), and answers a repeated call with what is there instead of a second row.
--
--   CU020  an argument is missing                        CU030  no review decision given
--   CU021  the unit has no version                       CU031  there is no such review decision
--   CU022  the unit's anchor names no version            CU032  it does not approve
--   CU023  the anchor is another unit's version          CU033  it is superseded
--   CU024  the address has another text                  CU034  it is about the cut, not about the lifecycle
--   CU025  the unit is superseded or retired             CU035  there is no unit of this address
--   CU026  unit, version and hash don't fit together     CU036  the unit's status does not allow this
--                                                        CU037  the target state is another function's
--                                                        CU038  no later draft version of this number

create function cutter_governance.whole_unit(p_address text)
returns table (unit_id uuid, lifecycle_status text, version_id uuid, version_seq integer, body text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  unit public.information_unit;
  version public.unit_version;
  flaw text;
  state text;
begin
  select * into unit from public.information_unit u where u.canonical_address = p_address;
  if not found then
    return;
  end if;
  select * into version from public.unit_version v where v.id = unit.version_anchor_ref;
  case
    when not exists (select from public.unit_version v where v.unit_id = unit.id) then
      state := 'CU021'; flaw := 'has no version';
    when version.id is null then
      state := 'CU022'; flaw := 'is anchored to no version';
    when version.unit_id <> unit.id then
      state := 'CU023'; flaw := 'is anchored to a version of another unit';
    when version.lifecycle_status <> unit.lifecycle_status
      or version.content_hash is distinct from unit.content_anchor_ref
      or version.content_hash <> 'sha256:' || encode(sha256(convert_to(version.body, 'UTF8')), 'hex') then
      state := 'CU026'; flaw := 'does not fit its version in status or text';
    else
      return query select unit.id, unit.lifecycle_status, version.id, version.version_seq, version.body;
      return;
  end case;
  raise exception using errcode = state, message = format('the unit %s %s', p_address, flaw),
    hint = 'it was not written by the writer functions; have its owner look at it before anything else writes';
end $$;

create function cutter_governance.existing_unit(p_address text)
returns table (unit_id uuid, lifecycle_status text, version_id uuid, version_seq integer, body text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(split_part(p_address, '/', 1), 0));
  return query select * from cutter_governance.whole_unit(p_address);
  if not found then
    raise exception using errcode = 'CU035', message = format('there is no unit of the address %s', p_address),
      hint = 'create it with fn_iu_create';
  end if;
end $$;

create function cutter_governance.require_lifecycle_review(p_review_decision_id text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  review cutter_governance.review_decision;
  flaw text;
  state text;
begin
  select * into review from cutter_governance.review_decision r where r.review_decision_id = p_review_decision_id;
  case
    when coalesce(p_review_decision_id, '') = '' then
      state := 'CU030'; flaw := 'a lifecycle move needs a review decision';
    when review.review_decision_id is null then
      state := 'CU031'; flaw := format('there is no review decision %s', p_review_decision_id);
    when review.verdict <> 'approve' or review.status <> 'decided' then
      state := 'CU032'; flaw := format('the review decision %s does not approve', p_review_decision_id);
    when review.superseded_by_review_decision_id is not null or exists (
      select from cutter_governance.review_decision later where later.prior_review_decision_id = p_review_decision_id) then
      state := 'CU033'; flaw := format('the review decision %s is superseded', p_review_decision_id);
    when review.governance_event_kind = 'cut' then
      state := 'CU034'; flaw := format('the review decision %s is about the cut', p_review_decision_id);
    else
      return;
  end case;
  raise exception using errcode = state, message = flaw, hint = 'record the review of this lifecycle move first';
end $$;

create function public.fn_iu_create(
  p_address text, p_title text, p_body text, p_actor text, p_kind text default 'article', p_section_type text default null,
  p_owner text default null, p_publication_type text default null, p_parent text default null, p_doc_code text default null,
  p_section_code text default null, p_sort_order integer default null)
returns table (unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  digest text;
  found_unit record;
begin
  if coalesce(p_address, '') = '' or coalesce(p_body, '') = '' or coalesce(p_actor, '') = '' then
    raise exception using errcode = 'CU020', message = 'fn_iu_create needs address, body and actor';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(split_part(p_address, '/', 1), 0));
  select * into found_unit from cutter_governance.whole_unit(p_address);
  if found then
    if found_unit.lifecycle_status in ('superseded', 'retired') then
      raise exception using errcode = 'CU025', message = format('the unit %s is %s', p_address, found_unit.lifecycle_status),
        hint = 'an address is never used again; give the new unit its own';
    elsif found_unit.body <> p_body then
      raise exception using errcode = 'CU024', message = format('the unit %s has another text', p_address),
        hint = 'add a version with fn_iu_add_version';
    end if;
    return query select found_unit.unit_id, found_unit.version_id, found_unit.version_seq, false;
    return;
  end if;

  unit_id := gen_random_uuid();
  version_id := gen_random_uuid();
  version_seq := 1;
  created := true;
  digest := 'sha256:' || encode(sha256(convert_to(p_body, 'UTF8')), 'hex');
  insert into public.information_unit
    (id, canonical_address, unit_kind, owner_ref, identity_profile, content_anchor_ref, version_anchor_ref,
     parent_or_container_ref, doc_code, section_type, section_code, sort_order, created_by, updated_by)
  values
    (unit_id, p_address, p_kind, coalesce(p_owner, p_actor),
     case when p_publication_type is null then '{}' else jsonb_build_object('publication_type', p_publication_type) end,
     digest, version_id, p_parent,
     coalesce(p_doc_code, case when strpos(p_address, '/') > 0 then split_part(p_address, '/', 1) end),
     p_section_type, p_section_code, p_sort_order, p_actor, p_actor);
  insert into public.unit_version (id, unit_id, version_seq, title, body, content_hash, created_by)
  values (version_id, unit_id, 1, p_title, p_body, digest, p_actor);
  return next;
end $$;

create function public.fn_iu_add_version(p_address text, p_title text, p_body text, p_actor text)
returns table (unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  digest text := 'sha256:' || encode(sha256(convert_to(p_body, 'UTF8')), 'hex');
  unit record;
  newest public.unit_version;
begin
  if coalesce(p_address, '') = '' or coalesce(p_body, '') = '' or coalesce(p_actor, '') = '' then
    raise exception using errcode = 'CU020', message = 'fn_iu_add_version needs address, body and actor';
  end if;
  select * into unit from cutter_governance.existing_unit(p_address);
  if unit.lifecycle_status not in ('draft', 'enacted') then
    raise exception using errcode = 'CU025', message = format('the unit %s is %s', p_address, unit.lifecycle_status),
      hint = 'a unit that is no longer in force gets no new version';
  end if;
  select * into newest from public.unit_version v where v.unit_id = unit.unit_id order by v.version_seq desc limit 1;
  if newest.body = p_body then
    return query select unit.unit_id, newest.id, newest.version_seq, false;
    return;
  end if;

  unit_id := unit.unit_id;
  version_id := gen_random_uuid();
  version_seq := newest.version_seq + 1;
  created := true;
  insert into public.unit_version (id, unit_id, version_seq, title, body, content_hash, created_by)
  values (version_id, unit_id, version_seq, p_title, p_body, digest, p_actor);
  -- A draft unit is in force for nobody, so its newest text becomes its text; an enacted one waits for fn_iu_supersede.
  update public.information_unit u
    set version_anchor_ref = version_id, content_anchor_ref = digest, updated_by = p_actor, updated_at = now()
    where u.id = unit_id and u.lifecycle_status = 'draft';
  return next;
end $$;

-- One edge of one version: the version moves, and the log says so.
create function cutter_governance.move_version(
  p_unit_id uuid, p_version_id uuid, p_from text, p_to text, p_actor text, p_review_decision_id text, p_change_set_id text,
  p_reason text, p_tool_revision text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update public.unit_version
    set lifecycle_status = p_to, updated_at = now(), enacted_at = case when p_to = 'enacted' then now() else enacted_at end
    where id = p_version_id and lifecycle_status = p_from;
  insert into public.iu_lifecycle_log
    (unit_id, version_id, from_status, to_status, actor, review_decision_id, change_set_id, reason, tool_revision)
  values (p_unit_id, p_version_id, p_from, p_to, p_actor, p_review_decision_id, p_change_set_id, p_reason, p_tool_revision);
end $$;

-- Whether the version already is where it should go, under this very decision. Under another one, or none, it is refused.
create function cutter_governance.already_moved(p_address text, p_version_id uuid, p_to text, p_review_decision_id text)
returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from public.iu_lifecycle_log l
    where l.version_id = p_version_id and l.to_status = p_to and l.review_decision_id = p_review_decision_id;
  if not found then
    raise exception using errcode = 'CU036', message = format('the unit %s is %s under another decision', p_address, p_to),
      hint = 'survey the target and plan anew';
  end if;
  return true;
end $$;

create function public.fn_iu_enact(
  p_address text, p_actor text, p_review_decision_id text, p_target_state text default 'enacted',
  p_change_set_id text default null, p_reason text default null, p_tool_revision text default null)
returns table (unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  unit record;
begin
  if coalesce(p_address, '') = '' or coalesce(p_actor, '') = '' then
    raise exception using errcode = 'CU020', message = 'fn_iu_enact needs address and actor';
  elsif p_target_state is distinct from 'enacted' then
    raise exception using errcode = 'CU037', message = format('fn_iu_enact does not lead to %s', coalesce(p_target_state, 'null')),
      hint = 'call fn_iu_supersede or fn_iu_retire';
  end if;
  perform cutter_governance.require_lifecycle_review(p_review_decision_id);
  select * into unit from cutter_governance.existing_unit(p_address);
  if unit.lifecycle_status = 'enacted'
    and cutter_governance.already_moved(p_address, unit.version_id, 'enacted', p_review_decision_id) then
    return query select unit.unit_id, unit.version_id, 'enacted', 'enacted', false;
    return;
  elsif unit.lifecycle_status <> 'draft' then
    raise exception using errcode = 'CU036', message = format('the unit %s is %s', p_address, unit.lifecycle_status),
      hint = 'only a draft is enacted';
  end if;

  perform cutter_governance.move_version(unit.unit_id, unit.version_id, 'draft', 'enacted', p_actor, p_review_decision_id,
    p_change_set_id, p_reason, p_tool_revision);
  update public.information_unit u set lifecycle_status = 'enacted', updated_by = p_actor, updated_at = now()
    where u.id = unit.unit_id and u.lifecycle_status = 'draft';
  return query select unit.unit_id, unit.version_id, 'draft', 'enacted', true;
end $$;

-- Puts a later draft version in the place of the enacted one. The version is named by its number, so that nothing is enacted
-- that the review did not see. Answers with the new version; the unit itself stays enacted throughout.
create function public.fn_iu_supersede(
  p_address text, p_version_seq integer, p_actor text, p_review_decision_id text, p_change_set_id text default null,
  p_reason text default null, p_tool_revision text default null)
returns table (unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  unit record;
  next_version public.unit_version;
begin
  if coalesce(p_address, '') = '' or coalesce(p_actor, '') = '' or p_version_seq is null then
    raise exception using errcode = 'CU020', message = 'fn_iu_supersede needs address, version number and actor';
  end if;
  perform cutter_governance.require_lifecycle_review(p_review_decision_id);
  select * into unit from cutter_governance.existing_unit(p_address);
  if unit.lifecycle_status <> 'enacted' then
    raise exception using errcode = 'CU036', message = format('the unit %s is %s', p_address, unit.lifecycle_status),
      hint = 'only a version in force is superseded';
  elsif unit.version_seq = p_version_seq
    and cutter_governance.already_moved(p_address, unit.version_id, 'enacted', p_review_decision_id) then
    return query select unit.unit_id, unit.version_id, 'enacted', 'enacted', false;
    return;
  end if;
  select * into next_version from public.unit_version v
    where v.unit_id = unit.unit_id and v.version_seq = p_version_seq and v.version_seq > unit.version_seq
      and v.lifecycle_status = 'draft';
  if not found then
    raise exception using errcode = 'CU038', message = format('the unit %s has no later draft version %s', p_address, p_version_seq),
      hint = 'add it with fn_iu_add_version';
  end if;

  perform cutter_governance.move_version(unit.unit_id, unit.version_id, 'enacted', 'superseded', p_actor, p_review_decision_id,
    p_change_set_id, p_reason, p_tool_revision);
  perform cutter_governance.move_version(unit.unit_id, next_version.id, 'draft', 'enacted', p_actor, p_review_decision_id,
    p_change_set_id, p_reason, p_tool_revision);
  update public.information_unit u
    set version_anchor_ref = next_version.id, content_anchor_ref = next_version.content_hash, updated_by = p_actor, updated_at = now()
    where u.id = unit.unit_id and u.version_anchor_ref = unit.version_id;
  return query select unit.unit_id, next_version.id, 'draft', 'enacted', true;
end $$;

-- Takes a unit out of force: as far as `superseded` where other units stand in its place, else to the end. It goes one edge
-- at a time, each with its row in the log.
create function public.fn_iu_retire(
  p_address text, p_actor text, p_review_decision_id text, p_target_state text default 'retired',
  p_change_set_id text default null, p_reason text default null, p_tool_revision text default null)
returns table (unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  unit record;
  edge record;
begin
  if coalesce(p_address, '') = '' or coalesce(p_actor, '') = '' then
    raise exception using errcode = 'CU020', message = 'fn_iu_retire needs address and actor';
  elsif coalesce(p_target_state, '') not in ('superseded', 'retired') then
    raise exception using errcode = 'CU037', message = format('fn_iu_retire does not lead to %s', coalesce(p_target_state, 'null')),
      hint = 'call fn_iu_enact or fn_iu_supersede';
  end if;
  perform cutter_governance.require_lifecycle_review(p_review_decision_id);
  select * into unit from cutter_governance.existing_unit(p_address);
  if unit.lifecycle_status = p_target_state
    and cutter_governance.already_moved(p_address, unit.version_id, p_target_state, p_review_decision_id) then
    return query select unit.unit_id, unit.version_id, p_target_state, p_target_state, false;
    return;
  elsif unit.lifecycle_status not in ('enacted', 'superseded') then
    raise exception using errcode = 'CU036', message = format('the unit %s is %s', p_address, unit.lifecycle_status),
      hint = 'only a unit that was in force is retired';
  end if;

  for edge in
    select was.status as "from", becomes.status as "to"
    from public.iu_lifecycle_vocab was
      join public.iu_lifecycle_vocab becomes on becomes.position = was.position + 1
      join public.iu_lifecycle_vocab first on first.status = unit.lifecycle_status and first.position <= was.position
      join public.iu_lifecycle_vocab last on last.status = p_target_state and last.position > was.position
    order by was.position
  loop
    perform cutter_governance.move_version(unit.unit_id, unit.version_id, edge."from", edge."to", p_actor, p_review_decision_id,
      p_change_set_id, p_reason, p_tool_revision);
    update public.information_unit u set lifecycle_status = edge."to", updated_by = p_actor, updated_at = now()
      where u.id = unit.unit_id and u.lifecycle_status = edge."from";
  end loop;
  return query select unit.unit_id, unit.version_id, unit.lifecycle_status, p_target_state, true;
end $$;
