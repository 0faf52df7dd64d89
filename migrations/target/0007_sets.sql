-- The writer functions take many units at once, so that a cut of thousands costs about what plain inserts of its rows cost. The
-- functions for one unit keep their names and answers, and pass it on. (fn_iu_retire stays as it is: endings are few.)
--
-- No statement here joins two tables, or a table and a list. The planner knows nothing of rows this fresh, or, where statistics were
-- taken while they were being written, knows that there are none; it then compares each with each. A row is looked up by itself
-- (lateral, limit 1), rows are named by `= any`, and what belongs together lies in arrays of one order.
--
-- And a unit that went out of force may come again: where a number is given to a text once more, the unit of that number gets a later
-- version, and fn_iu_enact brings it into force. Address and unit are the same as ever, versions only move on, the log tells when.

create or replace function cutter_governance.unit_change() returns trigger
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
  elsif old.lifecycle_status in ('superseded', 'retired') and new.lifecycle_status = 'enacted' then
    perform from public.unit_version was
      join public.unit_version becomes on becomes.unit_id = was.unit_id and becomes.version_seq > was.version_seq
      where was.id = old.version_anchor_ref and becomes.id = new.version_anchor_ref;
    if not found then
      raise exception using errcode = 'CU010', message = format('%s does not go back from %s to enacted', old.canonical_address, old.lifecycle_status),
        hint = 'it comes again with a later version: fn_iu_add_version, then fn_iu_enact';
    end if;
    return new;
  end if;
  perform cutter_governance.require_next_status(old.canonical_address, old.lifecycle_status, new.lifecycle_status);
  return new;
end $$;

-- The same for the second birth gate: one lookup after the other.
create or replace function cutter_governance.birth_gate_2() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  unit public.information_unit;
begin
  select * into unit from public.information_unit u where u.id = new.id;
  perform from public.unit_version v
    where v.id = unit.version_anchor_ref and v.unit_id = unit.id
      and v.lifecycle_status = unit.lifecycle_status and v.content_hash = unit.content_anchor_ref;
  if not found then
    raise exception using
      errcode = 'CU007',
      message = format('unit %s is not anchored to a version of its own, in its own state and text', new.canonical_address),
      hint = 'write a unit, its version and its anchors in one transaction, through fn_iu_create';
  end if;
  return null;
end $$;

-- Until the end of the transaction, and in one order, so that two writers never wait for each other.
create function cutter_governance.lock_documents(p_addresses text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(l.key)
    from (select distinct hashtextextended(split_part(a, '/', 1), 0) as key from unnest(p_addresses) a order by 1) l;
end $$;

drop function cutter_governance.existing_unit(text);
drop function cutter_governance.whole_unit(text);

-- A row for each address, in their order: what is there, or nulls. Throws for the first that is broken.
create function cutter_governance.units_at(p_addresses text[])
returns table (n bigint, address text, unit_id uuid, lifecycle_status text, version_id uuid, version_seq integer, content_hash text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  flaw text;
begin
  for n, address, unit_id, lifecycle_status, version_id, version_seq, content_hash, flaw in
    select a.n, a.address, u.id, u.lifecycle_status, v.id, v.version_seq, v.content_hash,
      case
        when u.id is null then null
        when v.id is null then
          case when exists (select from public.unit_version own where own.unit_id = u.id) then 'CU022' else 'CU021' end
        when v.unit_id <> u.id then 'CU023'
        when v.lifecycle_status <> u.lifecycle_status or v.content_hash is distinct from u.content_anchor_ref
          or v.content_hash <> 'sha256:' || encode(sha256(convert_to(v.body, 'UTF8')), 'hex') then 'CU026'
      end
    from unnest(p_addresses) with ordinality as a (address, n)
      left join lateral (
        select i.id, i.lifecycle_status, i.version_anchor_ref, i.content_anchor_ref
        from public.information_unit i where i.canonical_address = a.address limit 1) u on true
      left join lateral (
        select w.id, w.unit_id, w.version_seq, w.lifecycle_status, w.content_hash, w.body
        from public.unit_version w where w.id = u.version_anchor_ref limit 1) v on true
    order by a.n
  loop
    if flaw is not null then
      raise exception using errcode = flaw,
        message = format('the unit %s %s', address, case flaw
          when 'CU021' then 'has no version'
          when 'CU022' then 'is anchored to no version'
          when 'CU023' then 'is anchored to a version of another unit'
          else 'does not fit its version in status or text' end),
        hint = 'it was not written by the writer functions; have its owner look at it before anything else writes';
    end if;
    return next;
  end loop;
end $$;

-- The same under their lock, for addresses that must all be there.
create function cutter_governance.existing_units(p_addresses text[])
returns table (n bigint, address text, unit_id uuid, lifecycle_status text, version_id uuid, version_seq integer, content_hash text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform cutter_governance.lock_documents(p_addresses);
  for n, address, unit_id, lifecycle_status, version_id, version_seq, content_hash in
    select * from cutter_governance.units_at(p_addresses)
  loop
    if unit_id is null then
      raise exception using errcode = 'CU035', message = format('there is no unit of the address %s', address),
        hint = 'create it with fn_iu_create';
    end if;
    return next;
  end loop;
end $$;

create function cutter_governance.existing_unit(p_address text)
returns table (n bigint, address text, unit_id uuid, lifecycle_status text, version_id uuid, version_seq integer, content_hash text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return query select * from cutter_governance.existing_units(array[p_address]);
end $$;

create function public.fn_iu_create(
  p_addresses text[], p_titles text[], p_bodies text[], p_kinds text[], p_section_types text[], p_parents text[],
  p_section_codes text[], p_sort_orders integer[], p_actor text, p_owner text, p_publication_type text, p_doc_code text)
returns table (address text, unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
#variable_conflict use_column
declare
  lacking boolean;
  digests text[];
  statuses text[];
  hashes text[];
  seqs integer[];
  unit_ids uuid[];
  version_ids uuid[];
  clash record;
begin
  select array_agg('sha256:' || encode(sha256(convert_to(u.body, 'UTF8')), 'hex') order by u.n),
      bool_or(coalesce(u.address, '') = '' or coalesce(u.body, '') = '')
    into digests, lacking
    from unnest(p_addresses, p_bodies) with ordinality as u (address, body, n);
  if lacking or coalesce(p_actor, '') = '' then
    raise exception using errcode = 'CU020', message = 'fn_iu_create needs address, body and actor';
  end if;
  perform cutter_governance.lock_documents(p_addresses);
  select array_agg(u.lifecycle_status order by u.n), array_agg(u.content_hash order by u.n), array_agg(u.version_seq order by u.n),
      array_agg(coalesce(u.unit_id, gen_random_uuid()) order by u.n), array_agg(coalesce(u.version_id, gen_random_uuid()) order by u.n)
    into statuses, hashes, seqs, unit_ids, version_ids
    from cutter_governance.units_at(p_addresses) u;
  select u.address, u.status into clash
    from unnest(p_addresses, statuses, hashes, digests) with ordinality as u (address, status, hash, digest, n)
    where u.status in ('superseded', 'retired') or u.hash <> u.digest order by u.n limit 1;
  if clash.status in ('superseded', 'retired') then
    raise exception using errcode = 'CU025', message = format('the unit %s is %s', clash.address, clash.status),
      hint = 'it comes again with a later version: fn_iu_add_version, then fn_iu_enact';
  elsif found then
    raise exception using errcode = 'CU024', message = format('the unit %s has another text', clash.address),
      hint = 'add a version with fn_iu_add_version';
  end if;

  insert into public.information_unit
    (id, canonical_address, unit_kind, owner_ref, identity_profile, content_anchor_ref, version_anchor_ref,
     parent_or_container_ref, doc_code, section_type, section_code, sort_order, created_by, updated_by)
  select u.unit_id, u.address, u.kind, coalesce(p_owner, p_actor),
    case when p_publication_type is null then '{}' else jsonb_build_object('publication_type', p_publication_type) end,
    u.digest, u.version_id, u.parent,
    coalesce(p_doc_code, case when strpos(u.address, '/') > 0 then split_part(u.address, '/', 1) end),
    u.section_type, u.section_code, u.sort_order, p_actor, p_actor
  from unnest(p_addresses, p_kinds, p_section_types, p_parents, p_section_codes, p_sort_orders, digests, statuses, unit_ids, version_ids)
    as u (address, kind, section_type, parent, section_code, sort_order, digest, status, unit_id, version_id)
  where u.status is null;
  insert into public.unit_version (id, unit_id, version_seq, title, body, content_hash, created_by)
  select u.version_id, u.unit_id, 1, u.title, u.body, u.digest, p_actor
  from unnest(p_titles, p_bodies, digests, statuses, unit_ids, version_ids) as u (title, body, digest, status, unit_id, version_id)
  where u.status is null;
  return query select u.address, u.unit_id, u.version_id, coalesce(u.seq, 1), u.status is null
    from unnest(p_addresses, unit_ids, version_ids, seqs, statuses) with ordinality as u (address, unit_id, version_id, seq, status, n)
    order by u.n;
end $$;

create or replace function public.fn_iu_create(
  p_address text, p_title text, p_body text, p_actor text, p_kind text default 'article', p_section_type text default null,
  p_owner text default null, p_publication_type text default null, p_parent text default null, p_doc_code text default null,
  p_section_code text default null, p_sort_order integer default null)
returns table (unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  return query select made.unit_id, made.version_id, made.version_seq, made.created
    from public.fn_iu_create(
      array[p_address], array[p_title], array[p_body], array[p_kind], array[p_section_type], array[p_parent],
      array[p_section_code], array[p_sort_order], p_actor, p_owner, p_publication_type, p_doc_code) made;
end $$;

-- Of a draft unit the newest text is its text; a unit that was ever in force waits for fn_iu_supersede or fn_iu_enact. A text that went
-- out of force comes again as another version.
create function public.fn_iu_add_version(p_addresses text[], p_titles text[], p_bodies text[], p_actor text)
returns table (address text, unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
#variable_conflict use_column
declare
  digests text[];
  unit_ids uuid[];
  drafts uuid[];
  version_ids uuid[];
  seqs integer[];
  there boolean[];
begin
  if coalesce(p_actor, '') = '' or exists (
    select from unnest(p_addresses, p_bodies) as u (address, body) where coalesce(u.address, '') = '' or coalesce(u.body, '') = '')
  then
    raise exception using errcode = 'CU020', message = 'fn_iu_add_version needs address, body and actor';
  end if;
  digests := array(select 'sha256:' || encode(sha256(convert_to(b.body, 'UTF8')), 'hex')
    from unnest(p_bodies) with ordinality as b (body, n) order by b.n);
  select array_agg(u.unit_id order by u.n), array_agg(u.unit_id) filter (where u.lifecycle_status = 'draft')
    into unit_ids, drafts from cutter_governance.existing_units(p_addresses) u;
  select array_agg(g.there order by g.n), array_agg(case when g.there then g.id else gen_random_uuid() end order by g.n),
      array_agg(case when g.there then g.version_seq else g.version_seq + 1 end order by g.n)
    into there, version_ids, seqs
    from (
      select u.n, newest.id, newest.version_seq,
        newest.content_hash = u.digest and newest.lifecycle_status in ('draft', 'enacted') as there
      from unnest(unit_ids, digests) with ordinality as u (unit_id, digest, n) cross join lateral (
        select v.id, v.version_seq, v.content_hash, v.lifecycle_status
        from public.unit_version v where v.unit_id = u.unit_id order by v.version_seq desc limit 1) newest) g;
  insert into public.unit_version (id, unit_id, version_seq, title, body, content_hash, created_by)
  select u.version_id, u.unit_id, u.seq, u.title, u.body, u.digest, p_actor
  from unnest(version_ids, unit_ids, seqs, p_titles, p_bodies, digests, there)
    as u (version_id, unit_id, seq, title, body, digest, there)
  where not u.there;
  update public.information_unit u
  set (version_anchor_ref, content_anchor_ref) = (
      select v.id, v.content_hash from public.unit_version v where v.unit_id = u.id order by v.version_seq desc limit 1),
    updated_by = p_actor, updated_at = now()
  where u.id = any (drafts) and u.lifecycle_status = 'draft';
  return query select u.address, u.unit_id, u.version_id, u.seq, not u.there
    from unnest(p_addresses, unit_ids, version_ids, seqs, there) with ordinality as u (address, unit_id, version_id, seq, there, n)
    order by u.n;
end $$;

create or replace function public.fn_iu_add_version(p_address text, p_title text, p_body text, p_actor text)
returns table (unit_id uuid, version_id uuid, version_seq integer, created boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  return query select made.unit_id, made.version_id, made.version_seq, made.created
    from public.fn_iu_add_version(array[p_address], array[p_title], array[p_body], p_actor) made;
end $$;

-- Brings versions into force: of a draft unit its own, of any other a later draft, named by its number, so that nothing is enacted
-- that the review did not see. `p_from`: the units' statuses for which the caller is meant.
create function cutter_governance.bring_into_force(
  p_from text[], p_addresses text[], p_version_seqs integer[], p_actor text, p_review_decision_id text, p_change_set_id text,
  p_reason text, p_tool_revision text)
returns table (address text, unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  unit record;
  unit_ids uuid[] := '{}';
  replaced uuid[] := '{}';
  replaced_of uuid[] := '{}';
  coming uuid[] := '{}';
begin
  perform cutter_governance.require_lifecycle_review(p_review_decision_id);
  for unit in
    select w.*, w.lifecycle_status = 'enacted' and coalesce(w.seq, w.version_seq) = w.version_seq as there, v.id as next_id,
      exists (
        select from public.iu_lifecycle_log l
        where l.version_id = w.version_id and l.to_status = 'enacted' and l.review_decision_id = p_review_decision_id) as so_decided
    from rows from (cutter_governance.existing_units(p_addresses), unnest(p_version_seqs))
        as w (n, address, unit_id, lifecycle_status, version_id, version_seq, content_hash, seq)
      left join lateral (
        select d.id from public.unit_version d
        where d.unit_id = w.unit_id and d.version_seq = coalesce(w.seq, w.version_seq) and d.lifecycle_status = 'draft'
          and case when w.lifecycle_status = 'draft' then d.id = w.version_id else d.version_seq > w.version_seq end
        limit 1) v on true
    order by w.n
  loop
    if unit.there and unit.so_decided then
      null;
    elsif unit.there or unit.lifecycle_status <> all (p_from) or (unit.seq is null and unit.lifecycle_status <> 'draft') then
      raise exception using errcode = 'CU036',
        message = format('the unit %s is %s%s', unit.address, unit.lifecycle_status,
          case when unit.there then ' under another decision' else '' end),
        hint = 'survey the target and plan anew';
    elsif unit.next_id is null then
      raise exception using errcode = 'CU038', message = format('the unit %s has no later draft version %s', unit.address, unit.seq),
        hint = 'add it with fn_iu_add_version';
    else
      unit_ids := unit_ids || unit.unit_id;
      coming := coming || unit.next_id;
      if unit.lifecycle_status = 'enacted' then
        replaced_of := replaced_of || unit.unit_id;
        replaced := replaced || unit.version_id;
      end if;
    end if;
    address := unit.address;
    unit_id := unit.unit_id;
    version_id := coalesce(unit.next_id, unit.version_id);
    from_status := case when unit.there then 'enacted' else 'draft' end;
    to_status := 'enacted';
    changed := not unit.there;
    return next;
  end loop;

  update public.unit_version v set lifecycle_status = 'superseded', updated_at = now()
    where v.id = any (replaced) and v.lifecycle_status = 'enacted';
  update public.unit_version v set lifecycle_status = 'enacted', updated_at = now(), enacted_at = now()
    where v.id = any (coming) and v.lifecycle_status = 'draft';
  insert into public.iu_lifecycle_log
    (unit_id, version_id, from_status, to_status, actor, review_decision_id, change_set_id, reason, tool_revision)
  select m.unit_id, m.version_id, m.was, m.becomes, p_actor, p_review_decision_id, p_change_set_id, p_reason, p_tool_revision
  from (
    select r.unit_id, r.version_id, 'enacted' as was, 'superseded' as becomes from unnest(replaced_of, replaced) as r (unit_id, version_id)
    union all
    select c.unit_id, c.version_id, 'draft', 'enacted' from unnest(unit_ids, coming) as c (unit_id, version_id)) m;
  update public.information_unit u
    set lifecycle_status = 'enacted', (version_anchor_ref, content_anchor_ref) = (
        select v.id, v.content_hash from public.unit_version v where v.unit_id = u.id and v.lifecycle_status = 'enacted' limit 1),
      updated_by = p_actor, updated_at = now()
    where u.id = any (unit_ids);
end $$;

create function public.fn_iu_enact(
  p_addresses text[], p_version_seqs integer[], p_actor text, p_review_decision_id text, p_change_set_id text, p_reason text,
  p_tool_revision text)
returns table (address text, unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
begin
  if coalesce(p_actor, '') = '' or exists (select from unnest(p_addresses) a where coalesce(a, '') = '') then
    raise exception using errcode = 'CU020', message = 'fn_iu_enact needs address and actor';
  end if;
  return query select * from cutter_governance.bring_into_force(
    array['draft', 'superseded', 'retired'], p_addresses, p_version_seqs, p_actor, p_review_decision_id, p_change_set_id, p_reason,
    p_tool_revision);
end $$;

create or replace function public.fn_iu_enact(
  p_address text, p_actor text, p_review_decision_id text, p_target_state text default 'enacted',
  p_change_set_id text default null, p_reason text default null, p_tool_revision text default null)
returns table (unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
begin
  if p_target_state is distinct from 'enacted' then
    raise exception using errcode = 'CU037', message = format('fn_iu_enact does not lead to %s', coalesce(p_target_state, 'null')),
      hint = 'call fn_iu_supersede or fn_iu_retire';
  end if;
  return query select done.unit_id, done.version_id, done.from_status, done.to_status, done.changed
    from public.fn_iu_enact(
      array[p_address], null, p_actor, p_review_decision_id, p_change_set_id, p_reason, p_tool_revision) done;
end $$;

create function public.fn_iu_supersede(
  p_addresses text[], p_version_seqs integer[], p_actor text, p_review_decision_id text, p_change_set_id text, p_reason text,
  p_tool_revision text)
returns table (address text, unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
begin
  if coalesce(p_actor, '') = '' or exists (
    select from unnest(p_addresses, p_version_seqs) as u (address, seq) where coalesce(u.address, '') = '' or u.seq is null)
  then
    raise exception using errcode = 'CU020', message = 'fn_iu_supersede needs address, version number and actor';
  end if;
  return query select * from cutter_governance.bring_into_force(
    array['enacted'], p_addresses, p_version_seqs, p_actor, p_review_decision_id, p_change_set_id, p_reason, p_tool_revision);
end $$;

create or replace function public.fn_iu_supersede(
  p_address text, p_version_seq integer, p_actor text, p_review_decision_id text, p_change_set_id text default null,
  p_reason text default null, p_tool_revision text default null)
returns table (unit_id uuid, version_id uuid, from_status text, to_status text, changed boolean)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set work_mem = '64MB' as $$
begin
  return query select done.unit_id, done.version_id, done.from_status, done.to_status, done.changed
    from public.fn_iu_supersede(
      array[p_address], array[p_version_seq], p_actor, p_review_decision_id, p_change_set_id, p_reason, p_tool_revision) done;
end $$;

do $$
declare
  made regprocedure;
begin
  for made in
    select p.oid from pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'cutter_governance'::regnamespace) and p.proowner = 'cutter_owner'::regrole
  loop
    execute format('revoke all on function %s from public', made);
  end loop;
  for made in
    select p.oid from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proowner = 'cutter_owner'::regrole and p.proname ~ '^fn_iu_'
  loop
    execute format('grant execute on function %s to cutter_executor', made);
  end loop;
end $$;
