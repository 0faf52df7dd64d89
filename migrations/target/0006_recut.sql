-- A document that is cut again. Its change set is of a kind of its own, and an address may lead to the same unit once more:
-- numbers that were shifted, shifted back and shifted again leave a row each time, under the change set of each.
--
-- A re-cut writes 13 + 2n + e rows with its cut, for n units or versions that it writes and e units that its text no longer
-- has (a block of origin each); its second gate writes the review and one row for each alias.
alter table cutter_governance.manifest_envelope
  drop constraint manifest_envelope_operation_is_known,
  add constraint manifest_envelope_operation_is_known
    check (operation_kind in ('first_cut', 'recut', 'split', 'merge'));

alter table cutter_governance.canonical_address_alias
  drop constraint canonical_address_alias_once,
  add constraint canonical_address_alias_once unique
    (alias_kind, alias_address, target_unit_id, change_set_id);
