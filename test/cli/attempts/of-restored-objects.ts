/**
 * Objects that somebody who may create some in one schema plants in a database, so that its backup brings them. Each runs
 * `planted.attempt` when it is touched. Beyond those of `test/effects/migrate/rehearsal-escapes.test.ts`.
 */

/** What the planted code attempts, each by itself. A superuser succeeds with all. */
export const POWERS: { [what: string]: string } = {
  program: `copy (select 1) to program 'cat > FOLDER/planted-program'`,
  file: `copy (select 1) to 'FOLDER/planted-file'`,
  environment: `do $y$ begin perform pg_catalog.pg_read_binary_file('/proc/self/environ'); end $y$`,
  passwords:
    'create temp table words on commit drop as select rolpassword from pg_catalog.pg_authid; drop table pg_temp.words',
  'large object': `do $y$ begin perform pg_catalog.lo_import('/etc/hostname'); end $y$`,
  wrapper: 'create foreign data wrapper planted_wrapper; drop foreign data wrapper planted_wrapper',
  role: 'create role planted_role superuser; drop role planted_role',
  library: `load 'auto_explain'`,
  language: `create or replace function pg_temp.sys() returns int language internal as 'pg_backend_pid'`,
  slot: `do $y$ begin perform pg_catalog.pg_create_physical_replication_slot('planted_slot'); perform pg_catalog.pg_drop_replication_slot('planted_slot'); end $y$`,
  membership: 'grant pg_execute_server_program to intruder; revoke pg_execute_server_program from intruder',
}

/** A stored password of a word that others know, as PostgreSQL takes it. */
export const KNOWN_TO_OTHERS = `md5${'0'.repeat(32)}`

const list = Object.entries(POWERS)
  .map(([what, text]) => `['${what}', $p$${text}$p$]`)
  .join(', ')

/**
 * @param where the database in which nothing is attempted: that from which the backup comes
 * @param changesLogin whether a restore changes its own login. Where the server asks for passwords, the run stops then and drops its copy.
 */
export const plantedObjects = (where: string, changesLogin = false): string => `
create schema planted authorization intruder;
grant all on schema planted to public;
create function planted.attempt() returns text volatile language plpgsql as $f$
declare one text[]; reached text := '';
begin
  if current_database() = '${where}' then return null; end if;
  foreach one slice 1 in array array[${list}] loop
    begin
      execute one[2];
      reached := reached || ' ' || one[1];
    exception when others then null;
    end;
  end loop;
  -- What a login may do with its own role, which the role that restores must not keep.
  if ${changesLogin} and current_setting('planted.armed', true) is distinct from 'on' then
    for one in select array[format(text, session_user)] from unnest(array['alter role %I password ''${KNOWN_TO_OTHERS}''',
        'alter role %I set application_name = planted', 'grant %I to intruder']) text loop
      begin execute one[1]; exception when others then null; end;
    end loop;
  end if;
  -- Whoever arms it learns what it reached; a restore continues.
  if current_setting('planted.armed', true) = 'on' then
    raise exception using errcode = 'ZZ002', message = 'ran and reached:' || reached;
  end if;
  return null;
end $f$;
set role intruder;
select lo_from_bytea(4711, '#!/bin/sh');
grant select on large object 4711 to public;
create function planted.yes(int) returns boolean immutable language plpgsql as $f$ begin perform planted.attempt(); return true; end $f$;
create function planted.same(int) returns int immutable language plpgsql as $f$ begin perform planted.attempt(); return $1; end $f$;
create function planted.equals(int, int) returns boolean immutable language plpgsql as $f$ begin perform planted.attempt(); return true; end $f$;
create function planted.fired() returns trigger language plpgsql as $f$ begin perform planted.attempt(); return new; end $f$;
create function planted.word() returns text volatile language plpgsql as $f$ begin return coalesce(planted.attempt(), 'word'); end $f$;
create function planted.atomic(n int) returns int begin atomic select planted.same(n); end;
create operator planted.~~~~ (leftarg = int, rightarg = int, function = planted.equals);
create table planted.operators (n int check (n operator(planted.~~~~) 1));
create type planted.pid as (n int);
create function planted.as_text(planted.pid) returns text immutable language plpgsql as $f$ begin perform planted.attempt(); return 'pid'; end $f$;
create cast (planted.pid as text) with function planted.as_text(planted.pid) as assignment;
create table planted.casts (n int, word text default row(1)::planted.pid);
create function planted.add(int, int) returns int immutable language plpgsql as $f$ begin perform planted.attempt(); return $2; end $f$;
create aggregate planted.total(int) (sfunc = planted.add, stype = int, initcond = '0');
create materialized view planted.totals as select planted.total(n) from generate_series(1, 3) n;
create table planted.parted (n int) partition by list (planted.same(n));
create table planted.part partition of planted.parted for values in (1);
create table planted.other_part partition of planted.parted default;
create table planted.measured (n int);
create statistics planted.of_measured on (planted.same(n)), n from planted.measured;
create table planted.exclusive (n int, exclude using btree (planted.same(n) with =));
create table planted.emptied (n int);
create trigger on_truncate before truncate on planted.emptied execute function planted.fired();
create view planted.behind as select n from planted.emptied;
create trigger instead_of instead of insert on planted.behind for each row execute function planted.fired();
create table planted.deferred (n int);
create constraint trigger later after insert on planted.deferred deferrable initially deferred for each row execute function planted.fired();
create domain planted.small as int check (planted.yes(value));
create domain planted.smalls as planted.small[] check (planted.yes(array_length(value, 1)));
create table planted.composed (all_of_it planted.smalls);
create table planted.parent (n int);
create table planted.child () inherits (planted.parent);
create index on planted.child (planted.atomic(n));
create view planted.ruled as select n from planted.emptied;
create rule instead as on insert to planted.ruled do instead select planted.word();
create procedure planted.proceed() language plpgsql as $f$ begin perform planted.attempt(); end $f$;
create table planted."a
\\! touch FOLDER/planted-name
select 1; --" (n int);
comment on table planted.operators is E'x\\n\\\\! touch FOLDER/planted-comment\\n';
grant all on all tables in schema planted to public;
reset role;
create function planted.of_superuser() returns text security definer language plpgsql as $f$ begin return planted.attempt(); end $f$;
create function planted.as_superuser() returns text set role = 'postgres' language plpgsql as $f$ begin return planted.attempt(); end $f$;
create function planted.watch() returns event_trigger language plpgsql as $f$ begin perform planted.attempt(); end $f$;
insert into planted.operators values (1);
insert into planted.measured select generate_series(1, 9);
insert into planted.parted values (1), (2);
insert into planted.exclusive values (1);
insert into planted.child values (1);
insert into planted.composed values ('{1}');
`

/** These run as the owner of their table, whoever runs the command, so that even a superuser's command gives them nothing. */
export const AS_OWNER = ['an aggregate in a materialized view', 'an expression of extended statistics']

/** What PostgreSQL does not do for a login that neither owns the object nor has its role: the command is refused, or skips the table. */
export const NOT_FOR_OTHERS: { [object: string]: string } = {
  'an aggregate in a materialized view': '42501',
  'an expression of extended statistics': 'went through',
  'a function that sets the role of a superuser': '42501',
}

/** How the script touches each object. Where a row is written before the code runs, it is one of a copy: statistics count rows that were taken back. */
export const TOUCHES: { [object: string]: string } = {
  'an operator in a constraint': 'insert into planted.operators values (2)',
  'a cast in a default': 'insert into planted.casts (n) values (1)',
  'an aggregate in a materialized view': 'refresh materialized view planted.totals',
  'an aggregate of a query': 'do $x$ begin perform planted.total(1); end $x$',
  'the key of a partitioned table': 'insert into planted.parted values (3)',
  'an expression of extended statistics': 'analyze planted.measured',
  'an exclusion constraint':
    'create temp table alike (like planted.exclusive including all); insert into alike values (2)',
  'a trigger of TRUNCATE': 'truncate planted.emptied',
  'a trigger instead of an insert into a view': 'insert into planted.behind values (1)',
  'a deferred constraint trigger':
    'create temp table alike (n int); create constraint trigger later after insert on alike deferrable initially deferred for each row execute function planted.fired(); insert into alike values (1); set constraints all immediate',
  'a domain of an array of a domain': `insert into planted.composed values ('{2}')`,
  'a function in standard SQL that an index of a child calls':
    'create temp table alike (like planted.child including all); insert into alike values (3)',
  'a rule instead of an insert into a view': 'insert into planted.ruled values (1)',
  'a procedure': 'call planted.proceed()',
  'a function with the rights of a superuser': 'do $x$ begin perform planted.of_superuser(); end $x$',
  'a function that sets the role of a superuser': 'do $x$ begin perform planted.as_superuser(); end $x$',
}
