-- A review decision is one decision: its id is looked for among all approvals whenever one is brought to a gate.

alter table approvals add column review_decision_id text
  generated always as (iif(json_valid(statement_text), json_extract(statement_text, '$.reviewDecisionId'), null)) virtual;

create index approvals_by_review on approvals (review_decision_id) where review_decision_id is not null;
