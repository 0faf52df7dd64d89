-- Reading what is in force: one view and four functions over the tables of units, and the dates at which cuts commence.
--
-- A text is approved when the transaction of SG2 runs (enacted_at). It is in force from the commencement that its cut names, and without
-- one from its approval. A day begins at midnight in UTC. A version is in force until another decision about its unit takes effect; a
-- later version replaces it whatever its own date is, so that at most one version of a unit is in force at any time.
--
-- The schema is one of its own, so that the surface of a target, which approved plans name, stays as it is. The view reads with the rights
-- of its owner, and the functions read the view: a role needs USAGE of the schema and SELECT of the view, and nothing of the tables.
-- Functions have no settings of their own: only then does the server see through them, and finds one article by its index.
create table cutter_reading.commencement (
  change_set_id text not null,
  commences_on date not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint commencement_pkey primary key (change_set_id),
  constraint commencement_is_of_a_change_set foreign key (change_set_id) references cutter_governance.cut_change_set (change_set_id),
  constraint commencement_has_a_year check (commences_on between date '0001-01-01' and date '9999-12-31')
);

create trigger a_never_changed before update or delete on cutter_reading.commencement for each statement
  execute function cutter_governance.refuse('CU012', 'a commencement never changes', 'a later decision is another cut');
create trigger a_never_emptied before truncate on cutter_reading.commencement for each statement
  execute function cutter_governance.refuse('CU002', 'a commencement is never removed', 'a later decision is another cut');

-- Every version of every unit. in_force_since and in_force_until are null for a draft; in_force_until is null for a text without an end.
create view cutter_reading.unit_version as
  select u.canonical_address as address, u.doc_code as document, u.unit_kind as kind, u.section_code as number,
    u.parent_or_container_ref as parent, u.sort_order, v.version_seq, v.lifecycle_status as status, v.title, v.body as text,
    v.content_hash, v.created_at, e.created_at as enacted_at, e.commences_on, e.effective_at as in_force_since,
    ending.effective_at as in_force_until, e.change_set_id, e.review_decision_id, e.actor, e.reason, ending.reason as end_reason
  from public.information_unit u
    join public.unit_version v on v.unit_id = u.id
    left join lateral (
      select l.*, c.commences_on, coalesce(c.commences_on::timestamp at time zone 'UTC', l.created_at) as effective_at
      from public.iu_lifecycle_log l left join cutter_reading.commencement c on c.change_set_id = l.change_set_id
      where l.version_id = v.id and l.to_status = 'enacted') e on true
    left join lateral (
      select l.reason, coalesce(c.commences_on::timestamp at time zone 'UTC', l.created_at) as effective_at
      from public.iu_lifecycle_log l
        join public.unit_version w on w.id = l.version_id
        left join cutter_reading.commencement c on c.change_set_id = l.change_set_id
      where e.id is not null and l.unit_id = u.id
        and case when l.to_status = 'enacted' then w.version_seq > v.version_seq else w.version_seq >= v.version_seq end
      order by 2, l.created_at limit 1) ending on true;

create view cutter_reading.in_force as
  select * from cutter_reading.unit_version
  where in_force_since <= now() and (in_force_until is null or in_force_until > now());

create function cutter_reading.in_force_at(moment timestamptz) returns setof cutter_reading.unit_version
language sql stable as $$
  select v.* from cutter_reading.unit_version v
  where v.in_force_since <= moment and (v.in_force_until is null or v.in_force_until > moment)
$$;

-- At the end of a day in UTC.
create function cutter_reading.in_force_on(day date) returns setof cutter_reading.unit_version
language sql stable as $$
  select v.* from cutter_reading.unit_version v
  where v.in_force_since < (day + 1)::timestamp at time zone 'UTC'
    and (v.in_force_until is null or v.in_force_until >= (day + 1)::timestamp at time zone 'UTC')
$$;

create function cutter_reading.history(unit text) returns setof cutter_reading.unit_version
language sql stable as $$
  select v.* from cutter_reading.unit_version v where v.address = unit order by v.version_seq desc
$$;

-- Units in force whose text, title or address has the words, in this order and whatever their case.
create function cutter_reading.search(words text, moment timestamptz default now()) returns setof cutter_reading.unit_version
language sql stable as $$
  select v.* from cutter_reading.unit_version v
  where v.in_force_since <= moment and (v.in_force_until is null or v.in_force_until > moment)
    and (v.text ilike '%' || regexp_replace(words, '([\\%_])', '\\\1', 'g') || '%'
      or v.title ilike '%' || regexp_replace(words, '([\\%_])', '\\\1', 'g') || '%'
      or v.address ilike '%' || regexp_replace(words, '([\\%_])', '\\\1', 'g') || '%')
$$;

grant usage on schema cutter_reading to cutter_reader, cutter_executor, cutter_verifier;
grant select on all tables in schema cutter_reading to cutter_reader, cutter_executor, cutter_verifier;
grant insert on cutter_reading.commencement to cutter_executor;
