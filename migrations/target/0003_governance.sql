-- The record of who decided what, and what came of it. Rows only come in: the executor writes what it did, the verifier what
-- it found, nobody changes or removes a row (CU012).
--
-- Rows of one cut name each other in circles, so every reference is checked at commit and the order of the rows is free.
-- One governed cut of n units writes 13 + 2n rows: backlog entry 1, history 5, sweep 1, envelope 1, blocks n, review 1,
-- signatures 2, change set 1, affected rows n, verify result 1. The review of the enactment comes later and is one more.

create table cutter_governance.manifest_envelope (
  envelope_id text not null default gen_random_uuid()::text,
  operation_kind text not null,
  status text not null default 'approved',
  source_doc_ref text not null,
  escalation_ref text,
  cut_change_set_ref text,
  reviewer text,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint manifest_envelope_pkey primary key (envelope_id),
  constraint manifest_envelope_operation_is_known check (operation_kind in ('first_cut', 'split', 'merge')),
  constraint manifest_envelope_status_is_known check (status in ('proposed', 'approved', 'rejected', 'executed', 'voided'))
);

create table cutter_governance.manifest_unit_block (
  envelope_id text not null,
  unit_local_id text not null,
  block_role text not null,
  source_span jsonb not null,
  render_order integer not null,
  target_unit_id uuid,
  proposed_canonical_address text not null,
  proposed_authority text,
  candidate_edges jsonb not null default '[]',
  payload_summary jsonb not null default '{}',
  report_summary jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint manifest_unit_block_pkey primary key (envelope_id, unit_local_id),
  constraint manifest_unit_block_role_is_known check (block_role in ('origin', 'result')),
  constraint manifest_unit_block_is_of_an_envelope foreign key (envelope_id)
    references cutter_governance.manifest_envelope (envelope_id) deferrable initially deferred,
  constraint manifest_unit_block_target_is_a_unit foreign key (target_unit_id)
    references public.information_unit (id) deferrable initially deferred
);

create table cutter_governance.cut_change_set (
  change_set_id text not null default gen_random_uuid()::text,
  rollback_key text not null,
  payload_summary jsonb not null,
  verifier_tool_revision text,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint cut_change_set_pkey primary key (change_set_id),
  constraint cut_change_set_one_of_a_rollback_key unique (rollback_key)
);

alter table cutter_governance.manifest_envelope add constraint manifest_envelope_names_a_change_set
  foreign key (cut_change_set_ref) references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred;

create table cutter_governance.cut_change_set_affected_row (
  affected_row_id text not null default gen_random_uuid()::text,
  change_set_id text not null,
  target_table text not null,
  target_row_id uuid not null,
  created_at timestamptz not null default now(),
  constraint cut_change_set_affected_row_pkey primary key (affected_row_id),
  constraint cut_change_set_affected_row_once unique (change_set_id, target_table, target_row_id),
  constraint cut_change_set_affected_row_table_is_known check (target_table in ('information_unit', 'unit_version')),
  constraint cut_change_set_affected_row_is_of_a_change_set foreign key (change_set_id)
    references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred
);

create table cutter_governance.review_decision (
  review_decision_id text not null default gen_random_uuid()::text,
  governance_event_kind text not null,
  manifest_id text,
  manifest_unit_local_id text,
  manifest_version integer not null default 1,
  review_scope text not null default 'manifest',
  status text not null default 'decided',
  verdict text not null,
  findings jsonb not null default '{}',
  reviewer_class text not null,
  reviewer_identity text not null,
  risk_class_assessment text,
  decision_at timestamptz not null,
  decided_by text not null,
  version integer not null default 1,
  prior_review_decision_id text,
  superseded_by_review_decision_id text,
  created_at timestamptz not null default now(),
  constraint review_decision_pkey primary key (review_decision_id),
  constraint review_decision_event_is_known
    check (governance_event_kind in ('cut', 'enact', 'supersede', 'retire', 'lifecycle')),
  constraint review_decision_scope_is_known check (review_scope in ('manifest', 'unit')),
  constraint review_decision_status_is_known check (status in ('proposed', 'decided')),
  constraint review_decision_verdict_is_known check (verdict in ('approve', 'reject', 'void')),
  constraint review_decision_reviewer_class_is_known check (reviewer_class in ('human', 'agent', 'program')),
  constraint review_decision_of_a_unit_names_it check (review_scope <> 'unit' or manifest_unit_local_id is not null),
  constraint review_decision_is_not_its_own_prior
    check (review_decision_id not in (prior_review_decision_id, superseded_by_review_decision_id)),
  constraint review_decision_is_of_an_envelope foreign key (manifest_id)
    references cutter_governance.manifest_envelope (envelope_id) deferrable initially deferred,
  constraint review_decision_is_of_a_block foreign key (manifest_id, manifest_unit_local_id)
    references cutter_governance.manifest_unit_block (envelope_id, unit_local_id) deferrable initially deferred,
  constraint review_decision_names_its_prior foreign key (prior_review_decision_id)
    references cutter_governance.review_decision (review_decision_id) deferrable initially deferred,
  constraint review_decision_names_its_successor foreign key (superseded_by_review_decision_id)
    references cutter_governance.review_decision (review_decision_id) deferrable initially deferred
);

-- Rows don't change, so a decision is superseded by a later one that names it as its prior: found by this index.
create index review_decision_prior on cutter_governance.review_decision (prior_review_decision_id);

create table cutter_governance.verify_result (
  verify_result_id text not null default gen_random_uuid()::text,
  change_set_id text not null,
  manifest_id text not null,
  manifest_version integer not null default 1,
  review_decision_id text not null,
  executor_signature_id text not null,
  verifier_signature_id text not null,
  executor_tool_revision text not null,
  verifier_tool_revision text not null,
  tool_revision_match boolean not null generated always as (executor_tool_revision = verifier_tool_revision) stored,
  verify_kind text not null,
  axis_1_status text not null,
  axis_2_status text not null,
  verdict text not null,
  state text not null default 'final',
  canonicalization_rule_used text not null,
  created_at timestamptz not null default now(),
  constraint verify_result_pkey primary key (verify_result_id),
  constraint verify_result_is_by_another_tool check (not tool_revision_match),
  constraint verify_result_axis_1_is_known check (axis_1_status in ('pass', 'fail', 'not_applicable')),
  constraint verify_result_axis_2_is_known check (axis_2_status in ('pass', 'fail', 'not_applicable')),
  constraint verify_result_verdict_is_known check (verdict in ('pass', 'fail')),
  constraint verify_result_state_is_known check (state in ('provisional', 'final')),
  constraint verify_result_passes_with_its_axes
    check (verdict = 'fail' or (axis_1_status <> 'fail' and axis_2_status <> 'fail'))
);

create table cutter_governance.dot_pair_signature (
  signature_id text not null default gen_random_uuid()::text,
  signature_kind text not null,
  signer_dot_id text not null,
  signer_identity text not null,
  signer_tool_revision text not null,
  payload_hash text not null,
  cross_reference_change_set_id text,
  cross_reference_verify_result_id text,
  created_at timestamptz not null default now(),
  constraint dot_pair_signature_pkey primary key (signature_id),
  constraint dot_pair_signature_kind_is_known check (signature_kind in ('executor', 'verifier')),
  constraint dot_pair_signature_payload_is_a_digest check (payload_hash ~ '^sha256:[0-9a-f]{64}$'),
  constraint dot_pair_signature_names_one_thing
    check (num_nonnulls(cross_reference_change_set_id, cross_reference_verify_result_id) = 1),
  constraint dot_pair_signature_names_a_change_set foreign key (cross_reference_change_set_id)
    references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred,
  constraint dot_pair_signature_names_a_verify_result foreign key (cross_reference_verify_result_id)
    references cutter_governance.verify_result (verify_result_id) deferrable initially deferred
);

alter table cutter_governance.verify_result
  add constraint verify_result_is_of_a_change_set foreign key (change_set_id)
    references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred,
  add constraint verify_result_is_of_an_envelope foreign key (manifest_id)
    references cutter_governance.manifest_envelope (envelope_id) deferrable initially deferred,
  add constraint verify_result_is_under_a_review foreign key (review_decision_id)
    references cutter_governance.review_decision (review_decision_id) deferrable initially deferred,
  add constraint verify_result_names_the_executor foreign key (executor_signature_id)
    references cutter_governance.dot_pair_signature (signature_id) deferrable initially deferred,
  add constraint verify_result_names_the_verifier foreign key (verifier_signature_id)
    references cutter_governance.dot_pair_signature (signature_id) deferrable initially deferred;

create table cutter_governance.canonical_address_alias (
  alias_id text not null default gen_random_uuid()::text,
  alias_kind text not null,
  alias_address text not null,
  target_unit_id uuid not null,
  change_set_id text,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint canonical_address_alias_pkey primary key (alias_id),
  constraint canonical_address_alias_once unique (alias_kind, alias_address, target_unit_id),
  constraint canonical_address_alias_kind_is_known
    check (alias_kind in ('rename', 'redirect', 'external_reference', 'previous_canonical')),
  constraint canonical_address_alias_target_is_a_unit foreign key (target_unit_id)
    references public.information_unit (id) deferrable initially deferred,
  constraint canonical_address_alias_is_of_a_change_set foreign key (change_set_id)
    references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred
);

create table cutter_governance.decision_backlog_entry (
  backlog_entry_id text not null default gen_random_uuid()::text,
  title text not null,
  source_doc_ref text not null,
  manifest_id text,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint decision_backlog_entry_pkey primary key (backlog_entry_id),
  constraint decision_backlog_entry_is_of_an_envelope foreign key (manifest_id)
    references cutter_governance.manifest_envelope (envelope_id) deferrable initially deferred
);

-- The state of an entry is its newest history row.
create table cutter_governance.decision_backlog_history (
  history_id text not null default gen_random_uuid()::text,
  backlog_entry_id text not null,
  history_seq integer not null,
  status text not null,
  actor text not null,
  note text,
  created_at timestamptz not null default now(),
  constraint decision_backlog_history_pkey primary key (history_id),
  constraint decision_backlog_history_one_of_a_number unique (backlog_entry_id, history_seq),
  constraint decision_backlog_history_status_is_a_word check (status ~ '^[a-z][a-z_]{0,39}$'),
  constraint decision_backlog_history_is_of_an_entry foreign key (backlog_entry_id)
    references cutter_governance.decision_backlog_entry (backlog_entry_id) deferrable initially deferred
);

create table cutter_governance.decision_backlog_dependency (
  dependency_id text not null default gen_random_uuid()::text,
  backlog_entry_id text not null,
  depends_on_entry_id text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  constraint decision_backlog_dependency_pkey primary key (dependency_id),
  constraint decision_backlog_dependency_once unique (backlog_entry_id, depends_on_entry_id),
  constraint decision_backlog_dependency_is_on_another check (backlog_entry_id <> depends_on_entry_id),
  constraint decision_backlog_dependency_is_of_an_entry foreign key (backlog_entry_id)
    references cutter_governance.decision_backlog_entry (backlog_entry_id) deferrable initially deferred,
  constraint decision_backlog_dependency_is_on_an_entry foreign key (depends_on_entry_id)
    references cutter_governance.decision_backlog_entry (backlog_entry_id) deferrable initially deferred
);

create table cutter_governance.decision_backlog_sweep_log (
  sweep_id text not null default gen_random_uuid()::text,
  backlog_entry_id text,
  swept_by text not null,
  findings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint decision_backlog_sweep_log_pkey primary key (sweep_id),
  constraint decision_backlog_sweep_log_is_of_an_entry foreign key (backlog_entry_id)
    references cutter_governance.decision_backlog_entry (backlog_entry_id) deferrable initially deferred
);

-- A lifecycle move names its review, and its change set if it has one.
alter table public.iu_lifecycle_log
  add constraint iu_lifecycle_log_is_under_a_review foreign key (review_decision_id)
    references cutter_governance.review_decision (review_decision_id) deferrable initially deferred,
  add constraint iu_lifecycle_log_is_of_a_change_set foreign key (change_set_id)
    references cutter_governance.cut_change_set (change_set_id) deferrable initially deferred;

do $$
declare
  governed text;
begin
  foreach governed in array array['manifest_envelope', 'manifest_unit_block', 'cut_change_set', 'cut_change_set_affected_row',
    'review_decision', 'verify_result', 'dot_pair_signature', 'canonical_address_alias', 'decision_backlog_entry',
    'decision_backlog_history', 'decision_backlog_dependency', 'decision_backlog_sweep_log']
  loop
    execute format(
      'create trigger a_never_changed before update or delete or truncate on cutter_governance.%I for each statement '
      'execute function cutter_governance.refuse(''CU012'', ''a governance row is never changed'', ''write another row that says what is new'')',
      governed);
  end loop;
end $$;

-- Both users, so that neither SET ROLE nor a function of somebody else lends a signature.
create trigger b_signed_by_its_role before insert on cutter_governance.dot_pair_signature for each row
  when (current_user <> 'cutter_' || new.signature_kind or session_user <> 'cutter_' || new.signature_kind)
  execute function cutter_governance.refuse('CU013', 'signed by another role than its kind says', 'log in as cutter_executor or cutter_verifier');
create trigger b_found_by_the_verifier before insert on cutter_governance.verify_result for each statement
  when (current_user <> 'cutter_verifier' or session_user <> 'cutter_verifier')
  execute function cutter_governance.refuse('CU013', 'a result not found by the verifier', 'log in as cutter_verifier');
