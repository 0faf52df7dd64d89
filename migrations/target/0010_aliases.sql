-- Reading aliases: the addresses that texts had before, and the ids that other systems give to units. Whoever reads what is in force may
-- follow them; the record of decisions, in which they stand, stays closed to readers.
--
-- It is a view alone, so that the surface of a target and the functions of a database, which approved plans name, stay as they are.
create view cutter_reading.alias as
  select a.alias_address as alias, u.canonical_address as address, u.doc_code as document, a.alias_kind as kind, a.change_set_id,
    a.created_at
  from cutter_governance.canonical_address_alias a join public.information_unit u on u.id = a.target_unit_id;

grant select on cutter_reading.alias to cutter_reader, cutter_executor, cutter_verifier;
