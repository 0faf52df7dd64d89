-- A list of the runs of one approver or operator stays as fast among many runs, because it reads no statements and no histories.

create index approvals_by_approver on approvals (json_extract(statement_text, '$.approver'), run_id);

drop index history_by_people;
create index history_by_people on history (run_id, by) where by != 'engine';
