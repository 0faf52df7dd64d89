-- Units of information: an address that never changes, versions whose text never changes, and a lifecycle that only moves on.
--
-- Rows come in through the writer functions of 0004 alone. What is refused, and how a program tells (SQLSTATE, class CU):
--
--   CU001  a row written without a writer function           CU008  an address, id, number or text that never changes
--   CU002  a table emptied by TRUNCATE                       CU009  an enacted unit or version edited in place
--   CU003  a row deleted                                     CU010  a lifecycle move that is not the next one
--   CU004  birth gate 1: a required field is missing         CU011  the lifecycle log or its vocabulary changed
--   CU005  birth gate 1: born as something else than draft   CU012  a governance row changed (0003)
--   CU006  birth gate 1: a kind outside of the vocabulary    CU013  a signature or verdict of the wrong role (0003)
--   CU007  birth gate 2: the anchor is not a version of      CU020 … CU039  a writer function's own refusals (0004)
--          this very unit, or not in its state and text
create function cutter_governance.refuse() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = tg_argv[0],
    message = format('%s.%s: %s', tg_table_schema, tg_table_name, tg_argv[1]),
    hint = tg_argv[2],
    schema = tg_table_schema,
    table = tg_table_name;
end $$;

create table public.iu_lifecycle_vocab (
  status text not null,
  position integer not null,
  meaning text not null,
  constraint iu_lifecycle_vocab_pkey primary key (status),
  constraint iu_lifecycle_vocab_one_status_a_position unique (position)
);

insert into public.iu_lifecycle_vocab (status, position, meaning) values
  ('draft', 1, 'written, and in force for nobody'),
  ('enacted', 2, 'in force, under a review decision'),
  ('superseded', 3, 'replaced, and kept'),
  ('retired', 4, 'withdrawn, and kept');

create table public.information_unit (
  id uuid not null default gen_random_uuid(),
  canonical_address text not null,
  unit_kind text not null,
  lifecycle_status text not null default 'draft',
  owner_ref text not null,
  conformance_status text not null default 'unassessed',
  identity_profile jsonb not null default '{}',
  content_anchor_ref text,
  version_anchor_ref uuid,
  parent_or_container_ref text,
  doc_code text,
  section_type text,
  section_code text,
  sort_order integer,
  created_by text not null,
  updated_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint information_unit_pkey primary key (id),
  constraint information_unit_address_is_unique unique (canonical_address),
  constraint information_unit_address_has_its_grammar
    check (canonical_address ~ '^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$' and length(canonical_address) <= 200),
  constraint information_unit_conformance_is_known
    check (conformance_status in ('unassessed', 'conformant', 'deviating')),
  constraint information_unit_is_not_its_own_parent check (parent_or_container_ref <> canonical_address),
  constraint information_unit_lifecycle_is_in_the_vocabulary
    foreign key (lifecycle_status) references public.iu_lifecycle_vocab (status)
);

create index information_unit_doc_code on public.information_unit (doc_code);

create table public.unit_version (
  id uuid not null default gen_random_uuid(),
  unit_id uuid not null,
  version_seq integer not null,
  title text,
  description text,
  body text not null,
  content_hash text not null,
  lifecycle_status text not null default 'draft',
  content_profile jsonb not null default '{}',
  review_state text,
  provenance jsonb,
  editor text,
  created_by text not null,
  enacted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint unit_version_pkey primary key (id),
  constraint unit_version_one_of_a_number unique (unit_id, version_seq),
  constraint unit_version_counts_from_one check (version_seq >= 1),
  constraint unit_version_has_a_text check (body <> ''),
  constraint unit_version_hash_is_of_its_text
    check (content_hash = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex')),
  constraint unit_version_draft_is_not_enacted check ((lifecycle_status = 'draft') = (enacted_at is null)),
  constraint unit_version_is_of_a_unit foreign key (unit_id) references public.information_unit (id),
  constraint unit_version_lifecycle_is_in_the_vocabulary
    foreign key (lifecycle_status) references public.iu_lifecycle_vocab (status)
);

-- A unit and its first version name each other, so one of the two is checked at commit.
alter table public.information_unit add constraint information_unit_anchor_is_a_version
  foreign key (version_anchor_ref) references public.unit_version (id) deferrable initially deferred;

-- One row for each edge that a version takes. Birth is no edge.
create table public.iu_lifecycle_log (
  id uuid not null default gen_random_uuid(),
  unit_id uuid not null,
  version_id uuid not null,
  from_status text not null,
  to_status text not null,
  actor text not null,
  review_decision_id text not null,
  change_set_id text,
  reason text,
  tool_revision text,
  created_at timestamptz not null default now(),
  constraint iu_lifecycle_log_pkey primary key (id),
  constraint iu_lifecycle_log_each_edge_once unique (version_id, to_status),
  constraint iu_lifecycle_log_is_of_a_unit foreign key (unit_id) references public.information_unit (id),
  constraint iu_lifecycle_log_is_of_a_version foreign key (version_id) references public.unit_version (id),
  constraint iu_lifecycle_log_from_is_in_the_vocabulary
    foreign key (from_status) references public.iu_lifecycle_vocab (status),
  constraint iu_lifecycle_log_to_is_in_the_vocabulary
    foreign key (to_status) references public.iu_lifecycle_vocab (status)
);

create index iu_lifecycle_log_unit_id on public.iu_lifecycle_log (unit_id);
