/** Objects of an application by which a check could do more than look, made by its owner, who is not a superuser. */
export const ATTEMPT_OBJECTS = `
create table app.unit (id int primary key, title text not null, kind text not null default 'article');
insert into app.unit select n, 'Unit ' || n from generate_series(1, 86) n;
create sequence app.tickets;

create view app.killers as select pid, pg_terminate_backend(pid) as ended from pg_stat_activity where usename = 'app';
create view app.over_view as select ended from app.killers;
create view app.ruled as select false as ended;
create or replace rule "_RETURN" as on select to app.ruled do instead select pg_notify('deploy', 'go') is not null as ended;

create function app.kill(int) returns bool language sql as 'select pg_terminate_backend($1)';
create function app.kill_atomic(int) returns bool language sql begin atomic select pg_terminate_backend($1); end;
create function app.kill_later(int) returns bool language plpgsql as $$ begin return "pg_terminate_backend"($1); end $$;
create function app.kill_hidden(int) returns bool language plpgsql as $$
  declare done bool; begin execute 'select pg_' || 'terminate_backend($1)' into done using $1; return done; end $$;
create function app.kill_by_default(n int, ended bool default pg_notify('deploy', 'go') is null) returns bool language sql as 'select true';
create function app.kill_as_owner(int) returns bool language sql security definer as 'select $1 > 0';
create function app.kill_immutable(int) returns bool immutable language sql as 'select pg_notify(''deploy'', ''go'') is null';
create function app.reads_view() returns bigint language plpgsql as $$ begin return (select count(ended) from app.killers); end $$;
create function app.without_timeout() returns bool language sql set statement_timeout = 0 as 'select true';

create operator app.!!! (function = app.kill, rightarg = int);
create function app.kill_both(int, int) returns bool language sql as 'select app.kill($1)';
create operator app.=== (function = app.kill_both, leftarg = int, rightarg = int);

create type app.pid as (n int);
create function app.to_text(app.pid) returns text language sql as 'select pg_notify(''deploy'', ''go'')::text';
create cast (app.pid as text) with function app.to_text(app.pid);
create function app.to_json(app.pid) returns json language sql as 'select to_json(pg_notify(''deploy'', ''go'')::text)';
create cast (app.pid as json) with function app.to_json(app.pid);
create domain app.checked as int check (app.kill(value) is not null);
create type app.holder as (n app.checked);
create table app.holders (held app.pid);

create function app.add(int, int) returns int language sql as 'select $1 + length(pg_notify(''deploy'', ''go'')::text)';
create function app.reads_held() returns int language plpgsql as $$ declare t text; begin select held into t from app.holders; return length(t); end $$;
create function app.uses_operator(int) returns bool language plpgsql as $$ begin return 1 operator(app.===) $1; end $$;
create function app."Kill it"(text) returns bool language sql as 'select pg_notify($1, $1) is null';
create function app.misquoted(int) returns bool language plpgsql as $$ begin return app.kill_it('"') or app . "Kill it"('"'); end $$;

create aggregate app.total (int) (sfunc = app.add, stype = int, initcond = '0');

create table app.guarded (id int);
alter table app.guarded enable row level security;
create policy guard on app.guarded using (app.kill(id));
create view app.over_guarded as select id from app.guarded;
create table app.indexed (id int);
create index on app.indexed ((id > 0)) where app.kill_immutable(1);
create table app.constrained (id int check (app.kill_immutable(1)));
create table app.parted (id int) partition by range (id);
create table app.part partition of app.parted for values from (1) to (9);
create index on app.part (id) where app.kill_immutable(1);
create table app.keyed (id int) partition by list (app.kill_immutable(id));
create table app.keyed_1 partition of app.keyed for values in (true);
create table app.parent (id int);
create table app.child () inherits (app.parent);
create index on app.child (id) where app.kill_immutable(1);
create table app.measured (id int, b text);
create statistics app.measure on (app.kill_immutable(id)), b from app.measured;
create materialized view app.computed as select 1 as id;
create index on app.computed (id) where app.kill_immutable(1);
create domain app.checks as app.checked[];

create function app.is_even(n integer) returns boolean immutable language sql as 'select n % 2 = 0';
create function app.is_odd(n integer) returns boolean language plpgsql as $$ begin return not app.is_even(n); end $$;
create view app.articles as select id, upper(title) as title from app.unit where kind = 'article' and app.is_even(id);
create type app.state as enum ('draft', 'enacted');
create domain app.positive as int check (value > 0);
create table app.plain (id app.positive, state app.state, tags text[], at timestamptz default now());
`

/** SELECT statements that must not be asked on a target before an approval, and what their refusal names. */
export const ATTEMPTS: { name: string; sql: string; refused: RegExp }[] = [
  {
    name: 'ends sessions of its own role',
    sql: `select 'there' as name, (select coalesce(bool_and(pg_terminate_backend(pid)), true) from pg_stat_activity where datname = 'shop2') as ok`,
    refused: /^pg_terminate_backend\(integer,bigint\): /,
  },
  {
    name: 'notifies',
    sql: `select 'notify' as name, pg_notify('deploy', 'go') is not null as ok`,
    refused: /^pg_notify/,
  },
  {
    name: 'reads a view',
    sql: `select 'v' as name, bool_and(ended) as ok from app.over_view`,
    refused:
      /^pg_terminate_backend\(integer,bigint\), through view app.killers, through view app.over_view: /,
  },
  {
    name: 'reads a rule',
    sql: `select 'r' as name, ended as ok from app.ruled`,
    refused: /pg_notify.*app.ruled/,
  },
  ...[
    'app.kill(1)',
    'app.kill_atomic(1)',
    'app.kill_later(1)',
    'app.kill_hidden(1)',
    'app.kill_immutable(1)',
    'app.kill_as_owner(1)',
    'app.without_timeout()',
  ].map((call) => ({
    name: `calls ${call}`,
    sql: `select 'f' as name, ${call} as ok`,
    refused: /bundle.yaml does not name it in checkFunctions/,
  })),
  {
    name: 'has a default argument',
    sql: `select 'f' as name, app.kill_by_default(1) as ok`,
    refused: /^pg_notify.*through function app.kill_by_default/,
  },
  {
    name: 'uses an operator',
    sql: `select 'o' as name, operator(app.!!!) 1 as ok`,
    refused: /pg_terminate_backend.*app.kill/,
  },
  {
    name: 'uses an operator with ANY',
    sql: `select 'o' as name, 1 operator(app.===) any (array[1]) as ok`,
    refused: /pg_terminate_backend.*app.kill/,
  },
  {
    name: 'casts',
    sql: `select 'c' as name, row(1)::app.pid::text is null as ok`,
    refused: /pg_notify.*app.to_text/,
  },
  {
    name: 'casts to JSON within a function of the server',
    sql: `select 'c' as name, to_jsonb(held) is null as ok from app.holders`,
    refused: /pg_notify.*app.to_json/,
  },
  {
    name: 'casts a row to JSON that holds a type with a cast',
    sql: `select 'c' as name, to_jsonb(h) is null as ok from app.holders h`,
    refused: /pg_notify.*app.to_json/,
  },
  {
    name: 'casts to a domain',
    sql: `select 'd' as name, 1::app.checked is null as ok`,
    refused: /pg_terminate_backend.*type app.checked/,
  },
  {
    name: 'has a literal of a type that holds a domain',
    sql: `select 'd' as name, '(1)'::app.holder is null as ok`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  {
    name: 'has a literal of an array of a domain',
    sql: `select 'd' as name, '{1}'::app.checked[] is null as ok`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  {
    name: 'reads JSON into a domain',
    sql: `select 'd' as name, n is null as ok from json_to_record('{"n": 1}') as t(n app.checked)`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  {
    name: 'reads JSON into a type',
    sql: `select 'd' as name, json_populate_record(null::app.holder, '{"n": 1}') is null as ok`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  {
    name: 'uses an aggregate',
    sql: `select 'a' as name, app.total(id) > 0 as ok from app.unit`,
    refused: /pg_notify.*app.add.*app.total/,
  },
  {
    name: 'uses an aggregate as a window function',
    sql: `select 'a' as name, app.total(id) over () > 0 as ok from app.unit limit 1`,
    refused: /pg_notify.*app.add/,
  },
  {
    name: 'reads a table with a policy',
    sql: `select 'p' as name, count(*) >= 0 as ok from app.guarded`,
    refused: /pg_terminate_backend.*table app.guarded/,
  },
  {
    name: 'reads a table with a policy through a view',
    sql: `select 'p' as name, count(*) >= 0 as ok from app.over_guarded`,
    refused: /pg_terminate_backend.*table app.guarded, through view app.over_guarded/,
  },
  {
    name: 'reads a table whose index the planner evaluates',
    sql: `select 'i' as name, count(*) >= 0 as ok from app.indexed`,
    refused: /pg_notify.*app.kill_immutable/,
  },
  {
    name: 'reads a table whose constraint the planner evaluates',
    sql: `select 'i' as name, count(*) >= 0 as ok from app.constrained`,
    refused: /pg_notify.*app.kill_immutable/,
  },
  {
    name: 'reads a table whose partition has such an index',
    sql: `select 'i' as name, count(*) >= 0 as ok from app.parted`,
    refused: /pg_notify.*app.part/,
  },
  ...[
    { name: 'reads a table by whose key a partition is found', table: 'keyed' },
    { name: 'reads a partition of a table with such a key', table: 'keyed_1' },
    { name: 'reads a table whose child has such an index', table: 'parent' },
    { name: 'reads a table whose statistics the planner evaluates', table: 'measured' },
    { name: 'reads a materialized view with such an index', table: 'computed' },
  ].map(({ name, table }) => ({
    name,
    sql: `select 'i' as name, count(*) >= 0 as ok from app.${table}`,
    refused: /pg_notify.*app.kill_immutable/,
  })),
  {
    name: 'has a literal of a domain of an array of a domain',
    sql: `select 'd' as name, '{1}'::app.checks is null as ok`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  {
    name: 'is a TABLE command within a query',
    sql: `select 't' as name, exists (table app.killers) as ok`,
    refused: /pg_terminate_backend.*app.killers/,
  },
  {
    name: 'calls in the frame and the filter of a window',
    sql: `select 'w' as name, count(*) filter (where pg_sleep(1) is null) over (order by id rows between (select count(*) from app.killers) preceding and current row) > 0 as ok from app.unit`,
    refused: /pg_sleep/,
  },
  {
    name: 'calls in a LATERAL subquery of a join',
    sql: `select 'l' as name, true as ok from app.unit u left join lateral (select lo_get(u.id::oid)) x on pg_notify('a', 'b') is null`,
    refused: /lo_get/,
  },
  {
    name: 'calls in XMLTABLE',
    sql: `select 'x' as name, true as ok from xmltable('/a' passing xmlparse(document '<a/>') columns n app.checked path '.')`,
    refused: /pg_terminate_backend.*app.checked/,
  },
  ...[
    `pg_create_physical_replication_slot('x') is null`,
    `pg_create_logical_replication_slot('x', 'pgoutput') is null`,
    `lo_export(1, '/tmp/x') > 0`,
    `lo_import('/etc/passwd') > 0`,
    `lo_create(0) > 0`,
    `lo_get(1) is null`,
    `pg_read_file('/etc/passwd') <> ''`,
    `pg_read_binary_file('/etc/passwd') <> ''`,
    `pg_ls_dir('.') <> ''`,
    `(pg_stat_file('base')).size > 0`,
    `set_config('statement_timeout', '0', false) is null`,
    `pg_advisory_lock(1) is null`,
    `pg_try_advisory_xact_lock_shared(1)`,
    `nextval('app.tickets') > 0`,
    `currval('app.tickets') > 0`,
    `setval('app.tickets', 9) > 0`,
    `lastval() > 0`,
    `pg_sleep(600) is null`,
    `pg_sleep_for('1 hour') is null`,
    `pg_logical_emit_message(false, 'a', 'b') is null`,
    `query_to_xml('select pg_sleep(1)', true, true, '') is null`,
    `table_to_xml('app.killers', true, true, '') is null`,
    `schema_to_xml('app', true, true, '') is null`,
    `database_to_xml(true, true, '') is null`,
    `cursor_to_xml('c', 1, true, true, '') is null`,
    `(select count(*) from ts_stat('select pg_sleep(1)')) > 0`,
    `ts_rewrite('a'::tsquery, 'select pg_sleep(1)') is null`,
    `pg_cancel_backend(1)`,
    `pg_reload_conf()`,
    `pg_rotate_logfile()`,
    `pg_switch_wal() is null`,
    `pg_current_xact_id() is null`,
    `txid_current() > 0`,
    `pg_export_snapshot() is null`,
    `pg_stat_reset() is null`,
    `pg_input_is_valid('1', 'app.checked')`,
    `domain_in('1', 'app.checked'::regtype, -1) is null`,
    `array_in('{1}', 'app.checked'::regtype, -1) is null`,
    `record_in('(1)', 'app.holder'::regtype, -1) is null`,
    `satisfies_hash_partition(1, 1, 1, 1)`,
    `setseed(0.1) is null`,
    `lo_put(1, 0, 'a') is null`,
    `lo_unlink(1) > 0`,
    `lo_from_bytea(0, 'a') > 0`,
    `pg_stat_reset_shared('wal') is null`,
    `pg_replication_origin_create('o') > 0`,
    `pg_drop_replication_slot('x') is null`,
    `(select count(*) from pg_logical_slot_get_changes('x', null, null)) > 0`,
    `pg_terminate_backend(1, 1)`,
    `pg_advisory_unlock_all() is null`,
    `pg_log_backend_memory_contexts(1)`,
    `pg_collation_actual_version(1) is null`,
    `(select count(*) from pg_hba_file_rules()) > 0`,
    `brin_summarize_new_values('app.unit'::regclass) > 0`,
    `pg_import_system_collations('app') > 0`,
    `pg_promote()`,
  ].map((call) => ({
    name: `calls ${call}`,
    sql: `select 'f' as name, ${call} as ok`,
    refused: new RegExp(
      `\\b${/(\w+)\(/.exec(call.replace('(select count(*) from ', '').replace(/^\(/, ''))![1]}\\(`,
    ),
  })),
  {
    name: 'calls in a table of functions',
    sql: `select 'f' as name, true as ok from rows from (pg_ls_dir('.'), generate_series(1, 2)) t(a, b)`,
    refused: /pg_ls_dir/,
  },
  {
    name: 'calls in a filter, an order and a limit',
    sql: `select 'f' as name, true as ok from app.unit order by pg_sleep(1) is null limit (select 1 where pg_sleep(1) is null)`,
    refused: /pg_sleep/,
  },
  {
    name: 'calls in a common table expression that nothing reads',
    sql: `with x as materialized (select pg_sleep(1)) select 'f' as name, true as ok`,
    refused: /pg_sleep/,
  },
  {
    name: 'samples by a function',
    sql: `select 'f' as name, true as ok from app.unit tablesample system (1) repeatable (1)`,
    refused: /system\(internal\)/,
  },
  {
    name: 'has a column with the name of a part of a tree',
    sql: `select 'f' as name, pg_sleep(1) is null as ok, 1 as ":funcid 5", 2 as "} {CONST :consttype 5"`,
    refused: /pg_sleep/,
  },
  {
    name: 'locks rows',
    sql: `select 'l' as name, true as ok from (select * from app.unit for update) u`,
    refused: /locks rows/,
  },
  {
    name: 'changes rows',
    sql: `with d as (delete from app.unit returning 1) select 'd' as name, count(*) = 0 as ok from d`,
    refused: /can’t resolve it/,
  },
  { name: 'is two statements', sql: `select 1 as a; select pg_sleep(1)`, refused: /can’t resolve it/ },
  { name: 'ends the transaction', sql: `select 1 as a; commit; select 2`, refused: /can’t resolve it/ },
  {
    name: 'names a table without its schema',
    sql: `select 'n' as name, true as ok from unit`,
    refused: /"unit"/,
  },
  {
    name: 'has the name of a table without its schema in a text',
    sql: `select 'n' as name, to_regclass('unit') is null as ok`,
    refused: /another answer/,
  },
  {
    name: 'asks for the schema of the session',
    sql: `select 'n' as name, current_schema() = 'app' as ok`,
    refused: /another answer/,
  },
  {
    name: 'reads files through a view of the server',
    sql: `select 'n' as name, true as ok from pg_available_extensions`,
    refused: /pg_available_extensions\(\)/,
  },
]

/** Functions of the application that bundle.yaml names, and that may not run nevertheless. */
export const NAMED_ATTEMPTS: { call: string; names: string[]; refused: RegExp }[] = [
  { call: 'app.kill(1)', names: ['app.kill(integer)'], refused: /^pg_terminate_backend.*function app.kill/ },
  { call: 'app.kill_atomic(1)', names: ['app.kill_atomic(integer)'], refused: /^pg_terminate_backend/ },
  { call: 'app.kill_later(1)', names: ['app.kill_later(integer)'], refused: /^pg_terminate_backend/ },
  { call: 'app.kill_hidden(1)', names: ['app.kill_hidden(integer)'], refused: /EXECUTE/ },
  { call: 'app.kill_as_owner(1)', names: ['app.kill_as_owner(integer)'], refused: /rights of its owner/ },
  { call: 'app.kill_immutable(1)', names: ['app.kill_immutable(integer)'], refused: /^pg_notify/ },
  { call: 'app.without_timeout()', names: ['app.without_timeout()'], refused: /changes settings/ },
  {
    call: 'app.reads_view() > 0',
    names: ['app.reads_view()'],
    refused: /^pg_terminate_backend.*view app.killers/,
  },
  {
    call: 'app.reads_held() > 0',
    names: ['app.reads_held()'],
    refused: /app.to_text\(app.pid\), through type app.pid/,
  },
  {
    call: 'app.uses_operator(1)',
    names: ['app.uses_operator(integer)'],
    refused: /^pg_terminate_backend.*app.kill_both/,
  },
  { call: 'app.misquoted(1)', names: ['app.misquoted(integer)'], refused: /function app."Kill it"/ },
  {
    call: 'app.is_odd(1)',
    names: ['app.is_odd(integer)'],
    refused: /app.is_even\(integer\).*does not name it/,
  },
]

/** Checks that may be asked before an approval, with the functions that bundle.yaml names. */
export const HARMLESS_CHECKS: {
  name: string
  sql: string
  names?: string[]
  reads: string[]
  functions?: string[]
}[] = [
  {
    name: 'counts rows',
    sql: `select 'unit has 86 rows' as name, count(*) as value, 86 as expected from app.unit`,
    reads: ['app.unit'],
  },
  {
    name: 'asks for a table',
    sql: `select 'no review yet' as name, to_regclass('app.review') is null as ok`,
    reads: [],
  },
  {
    name: 'reads the catalogue',
    sql: `select 'has columns' as name, count(*) > 0 as ok from information_schema.columns where table_schema = 'app'`,
    reads: [],
  },
  {
    name: 'reads the sessions and locks',
    sql: `select 'quiet' as name, count(*) >= 0 as ok from pg_stat_activity a join pg_locks l using (pid) where state = 'active'`,
    reads: [],
  },
  {
    name: 'uses most parts of a query',
    sql: `with recursive t(n) as (values (1) union all select n + 1 from t where n < 5),
        r as (select title, row_number() over (partition by kind order by id) as at, kind from app.unit)
      select 'parts ' || coalesce(max(r.title), '-') as name,
        bool_and((r.at, r.title) >= (1, 'A') and r.at in (select n from t) and r.kind is distinct from 'x' and nullif(r.kind, '') is not null
          and case when r.title ~ '^U' then greatest(1, 2) = 2 else false end and not exists (select from app.unit where id < 0)) as ok
      from r left join lateral (select array_agg(n order by n desc) from t) x on true
      where r.title like 'Unit%' and r.at = any (array[1, 2]) group by grouping sets ((r.kind), ()) having count(distinct r.at) > 0
      union all select 'json', (jsonb_build_object('a', to_jsonb(u)) -> 'a') is not null from app.unit u where id = 1 order by 1 limit 3`,
    reads: ['app.unit'],
  },
  {
    name: 'reads types without functions',
    sql: `select 'plain' as name, count(*) filter (where state = 'draft' and id > 0::app.positive and now() > at) = 0 as ok from app.plain`,
    reads: ['app.plain'],
  },
  {
    name: 'runs a named function through a view',
    sql: `select 'articles' as name, count(*) as value, 43 as expected from app.articles`,
    names: ['app.is_even(integer)'],
    functions: ['app.is_even(integer)'],
    reads: ['app.articles', 'app.unit'],
  },
  {
    name: 'runs a named function of PL/pgSQL',
    sql: `select 'odd' as name, app.is_odd(3) as ok`,
    names: ['app.is_odd(integer)', 'app.is_even( integer)', 'app.another(integer, text)'].map((name) =>
      name.replace('( ', '('),
    ),
    functions: ['app.is_even(integer)', 'app.is_odd(integer)'],
    reads: [],
  },
]
