// cspell:ignore waldir lanpltrusted finalfn cstring lexize dsimple prsd lextype
/**
 * What a script attempts, beyond the attempts of `test/effects/migrate/escape-attempts.ts`. Each goes through for a superuser of an
 * ordinary server, where FOLDER is a folder that everybody may write.
 */

const SUPERUSER = '(select rolname from pg_catalog.pg_roles where rolsuper order by oid limit 1)'
/** A statement that names a superuser as %I. */
const of = (statement: string) => `do $x$ begin execute format('${statement}', ${SUPERUSER}); end $x$`

/** Refused with one of these SQLSTATEs: no privilege, no such setting or object for this login, or not offered at all. */
export const REFUSED = /^(42501|42704|42602|0A000|22023|58P01|28000|55000)$/

export const SCRIPT_ATTEMPTS: { [what: string]: string } = {
  'becomes a superuser by set_config of role': `select set_config('role', ${SUPERUSER}, false)`,
  'becomes a superuser by set_config of session_authorization': `select set_config('session_authorization', ${SUPERUSER}, false)`,
  'sets a role for one transaction': of('set local role %I'),
  'gives its function to a superuser': `create function pg_temp.f() returns int language sql security definer as 'select 1'; ${of('alter function pg_temp.f() owner to %I')}`,
  'changes the default privileges of a superuser': of(
    'alter default privileges for role %I grant execute on functions to public',
  ),
  'sets a library for the logins of a superuser': of('alter role %I set session_preload_libraries = plpgsql'),
  'sets the search path of a superuser': of('alter role %I set search_path = evil'),
  'comments on a superuser': of('comment on role %I is null'),
  'limits the connections of a superuser': of('alter role %I connection limit 100'),
  'gives itself replication': 'alter role current_user replication',
  'gives itself a way around policies': 'alter role current_user bypassrls',
  'gives itself the right to create databases': 'alter role current_user createdb',
  'joins pg_write_server_files': 'grant pg_write_server_files to current_user',
  'joins pg_signal_backend': 'grant pg_signal_backend to current_user',
  'joins pg_read_all_settings': 'grant pg_read_all_settings to current_user',
  'joins pg_monitor through another role':
    'create role between; grant pg_monitor to between; grant between to current_user',
  'reads the environment of the server': `select pg_read_binary_file('/proc/self/environ')`,
  'reads the list of who may log in': 'select * from pg_hba_file_rules',
  'reads the configuration file': 'select * from pg_file_settings',
  'reads the state of a file': `select pg_stat_file('/etc/passwd')`,
  'lists the write-ahead log': 'select * from pg_ls_waldir()',
  'lists temporary files': 'select * from pg_ls_tmpdir()',
  'writes a file in binary': `copy (select 1) to 'FOLDER/script-binary' with (format binary)`,
  'pipes a query into a program': `copy (select 'x') to program 'cat > FOLDER/script-pipe'`,
  'starts a program that stays': `copy (select 1) to program 'cat > /dev/null; touch FOLDER/script-stays &'`,
  'copies a file into a table': `create temp table seen (line text); copy seen from '/etc/hosts'`,
  'writes a large object that holds a program': `select lo_export(4711, 'FOLDER/script-program')`,
  'creates adminpack': 'create extension adminpack',
  'creates file_fdw and a server of it':
    'create extension file_fdw; create server files foreign data wrapper file_fdw',
  'creates dblink with a schema of its own': 'create schema links; create extension dblink schema links',
  'maps a user of a foreign server':
    'create extension postgres_fdw; create server far foreign data wrapper postgres_fdw; create user mapping for current_user server far',
  'creates pageinspect': 'create extension pageinspect',
  'creates pg_stat_statements, which watches other sessions': 'create extension pg_stat_statements',
  'makes a language trusted': 'update pg_catalog.pg_language set lanpltrusted = true',
  'makes a language of a handler in C': `create language sly handler plpgsql_call_handler`,
  'makes a function of a library': `create function pg_temp.lib() returns trigger language c as '$libdir/refint', 'check_primary_key'`,
  'makes an internal function of a type input': `create function pg_temp.raw(internal) returns internal language internal as 'array_agg_finalfn'`,
  'makes a base type': `create type public.raw; create function public.raw_in(cstring) returns public.raw language internal immutable strict as 'int4in'`,
  'makes an access method': 'create access method sly type index handler bthandler',
  'makes an operator class': 'create operator class public.sly for type int4 using btree as operator 1 <',
  'makes a cast without a function': 'create cast (text as bytea) without function',
  'makes a text search template': 'create text search template public.sly (lexize = dsimple_lexize)',
  'makes a transform':
    'create transform for int language plpgsql (from sql with function prsd_lextype(internal))',
  'publishes all tables': 'create publication all_of_it for all tables',
  'publishes a schema': 'create publication of_schema for tables in schema public',
  'subscribes to another server': `create subscription far connection 'host=127.0.0.1 port=9' publication p with (connect = false)`,
  'makes a logical replication slot': `select pg_create_physical_replication_slot('logical_like', true)`,
  'makes a replication origin': `select pg_replication_origin_create('o')`,
  'writes a restore point': `select pg_create_restore_point('x')`,
  'switches the write-ahead log': 'select pg_switch_wal()',
  'asks for a checkpoint': 'checkpoint',
  'logs the memory of a session': 'select pg_log_backend_memory_contexts(pg_backend_pid())',
  'resets statistics of the server': `select pg_stat_reset_shared('bgwriter')`,
  'makes a function among those of the server': `create function pg_catalog.sly() returns int language sql as 'select 1'`,
  'replaces a function of the server': `create or replace function pg_catalog.pg_get_userbyid(oid) returns name language sql as 'select null::name'`,
  'opens a function of the server to all':
    'grant execute on function pg_catalog.pg_read_file(text) to public',
  'opens the passwords to all': 'grant select on pg_catalog.pg_authid to public',
  'makes every database a template': 'update pg_catalog.pg_database set datistemplate = true',
  'lets the catalogue be changed': 'set allow_system_table_mods = on',
  'silences triggers': 'set session_replication_role = replica',
  'preloads a library in its session': `set session_preload_libraries = 'auto_explain'`,
  'preloads a library in every session of the database': `do $x$ begin execute format('alter database %I set session_preload_libraries = plpgsql', current_database()); end $x$`,
  'sets where libraries come from for itself': `alter role current_user set dynamic_library_path = 'FOLDER'`,
  'logs every statement of the server': `set log_statement = 'all'`,
  'lets damaged pages be read': 'set zero_damaged_pages = on',
  'lets large objects of others be read': 'set lo_compat_privileges = on',
  'makes a tablespace for its sorts': `set temp_tablespaces = 'pg_global'`,
  'imports collations of the system': `select pg_import_system_collations('pg_catalog')`,
}
