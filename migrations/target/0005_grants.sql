-- Who may do what. Refusals come by privilege first; the triggers stand behind them.

revoke all on all functions in schema cutter_governance from public;
revoke all on function
  public.fn_iu_create, public.fn_iu_add_version, public.fn_iu_enact, public.fn_iu_supersede, public.fn_iu_retire
  from public;

grant select on public.information_unit, public.unit_version, public.iu_lifecycle_log, public.iu_lifecycle_vocab
  to cutter_reader, cutter_executor, cutter_verifier;

grant execute on function
  public.fn_iu_create, public.fn_iu_add_version, public.fn_iu_enact, public.fn_iu_supersede, public.fn_iu_retire
  to cutter_executor;

grant usage on schema cutter_governance to cutter_executor, cutter_verifier;

grant select, insert on
  cutter_governance.manifest_envelope, cutter_governance.manifest_unit_block, cutter_governance.cut_change_set,
  cutter_governance.cut_change_set_affected_row, cutter_governance.review_decision, cutter_governance.dot_pair_signature,
  cutter_governance.canonical_address_alias, cutter_governance.decision_backlog_entry,
  cutter_governance.decision_backlog_history, cutter_governance.decision_backlog_dependency,
  cutter_governance.decision_backlog_sweep_log
  to cutter_executor;

grant select on all tables in schema cutter_governance to cutter_verifier;
grant insert on cutter_governance.verify_result, cutter_governance.dot_pair_signature to cutter_verifier;
