/** Checks that pass on the copy, and that would change something where the target were asked. The reason is the plan's. */
export const TOUCHING_CHECKS: { what: string; sql: string; because: RegExp }[] = [
  {
    what: 'ends sessions of the application',
    sql: `(select coalesce(bool_and(pg_terminate_backend(pid)), true) from pg_stat_activity where application_name = 'production-worker')`,
    because: /^pg_terminate_backend/,
  },
  {
    what: 'interrupts sessions of the application',
    sql: `(select coalesce(bool_and(pg_cancel_backend(pid)), true) from pg_stat_activity where application_name = 'production-worker')`,
    because: /^pg_cancel_backend/,
  },
  { what: 'notifies', sql: `pg_notify('deploy', 'go') is not null`, because: /^pg_notify/ },
  { what: 'holds a lock', sql: 'pg_try_advisory_lock(4711)', because: /^pg_try_advisory_lock/ },
  { what: 'makes a large object', sql: 'lo_create(0) > 0', because: /^lo_create/ },
  { what: 'fills a large object', sql: `lo_from_bytea(0, 'x') > 0`, because: /^lo_from_bytea/ },
  {
    what: 'writes into the log of changes',
    sql: `pg_logical_emit_message(true, 'a', 'b') is not null`,
    because: /^pg_logical_emit_message/,
  },
  { what: 'takes a transaction id', sql: 'txid_current() > 0', because: /^txid_current/ },
  {
    what: 'changes a setting',
    sql: `set_config('statement_timeout', '0', false) is not null`,
    because: /^set_config/,
  },
  {
    what: 'runs a query in a text',
    sql: `query_to_xml('select pg_notify(''deploy'', ''xml'')', true, true, '') is not null`,
    because: /^query_to_xml/,
  },
  { what: 'waits', sql: 'pg_sleep(0) is not null', because: /^pg_sleep/ },
  {
    what: 'uses an operator of the application',
    sql: '1 operator(hidden.~~~~) 1',
    because: /pg_notify.*hidden/,
  },
  {
    what: 'casts by a function of the application',
    sql: 'row(1)::hidden.pid::text is not null',
    because: /pg_notify.*hidden/,
  },
  {
    what: 'uses an aggregate of the application',
    sql: '(select hidden.total(1)) > 0',
    because: /pg_notify.*hidden/,
  },
  { what: 'uses a domain of the application', sql: '1::hidden.small > 0', because: /pg_notify.*hidden/ },
  {
    what: 'reads a view over a view',
    sql: '(select count(*) from hidden.over) >= 0',
    because: /pg_notify.*view hidden\.under/,
  },
  {
    what: 'reads a table with a policy',
    sql: '(select count(*) from hidden.guarded) >= 0',
    because: /pg_notify.*hidden\.guarded/,
  },
  {
    what: 'reads a table whose index calls',
    sql: '(select count(*) from hidden.indexed) >= 0',
    because: /pg_notify.*hidden/,
  },
]

/** Objects of the application that notify it when they are reached. */
export const HIDDEN_OBJECTS = `
set role shop_owner;
create schema hidden;
create function hidden.heard(int) returns boolean immutable language sql as $f$ select pg_catalog.pg_notify('deploy', 'heard') is not null $f$;
create function hidden.both(int, int) returns boolean immutable language sql as 'select hidden.heard($1)';
create operator hidden.~~~~ (leftarg = int, rightarg = int, function = hidden.both);
create type hidden.pid as (n int);
create function hidden.as_text(hidden.pid) returns text immutable language sql as $f$ select pg_catalog.pg_notify('deploy', 'cast')::text $f$;
create cast (hidden.pid as text) with function hidden.as_text(hidden.pid);
create function hidden.add(int, int) returns int immutable language sql as $f$ select case when pg_catalog.pg_notify('deploy', 'sum') is null then 0 else 1 end $f$;
create aggregate hidden.total(int) (sfunc = hidden.add, stype = int, initcond = '0');
create domain hidden.small as int check (hidden.heard(value));
create view hidden.under as select hidden.heard(1) as h from public.unit;
create view hidden.over as select * from hidden.under where h;
create table hidden.guarded (id int);
alter table hidden.guarded enable row level security;
create policy heard on hidden.guarded using (hidden.heard(id));
create table hidden.indexed (id int);
create index on hidden.indexed (hidden.heard(id));
reset role;
`
