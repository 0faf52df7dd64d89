import { expect, test } from 'vitest'
import { statementWords } from '../../src/domain/statement-words.ts'
import { parseStatements } from '../../src/migration/sql-statements.ts'

/** A statement of each kind that a script may hold, and of those that lint names when it refuses them. */
const STATEMENTS: [sql: string, words: string][] = [
  ['alter table t add column a int', 'ALTER TABLE'],
  ['create table t (a int)', 'CREATE TABLE'],
  ['create table t as select 1', 'CREATE TABLE AS or MATERIALIZED VIEW'],
  ['create index on t (a)', 'CREATE INDEX'],
  ['create view v as select 1', 'CREATE VIEW'],
  ['create rule r as on insert to t do nothing', 'CREATE RULE'],
  ['create sequence s', 'CREATE SEQUENCE'],
  ['create schema s', 'CREATE SCHEMA'],
  ["create type e as enum ('a')", 'CREATE TYPE'],
  ['create type e as (a int)', 'CREATE TYPE'],
  ['create type e as range (subtype = int)', 'CREATE TYPE'],
  ['create domain d as int', 'CREATE DOMAIN'],
  ['create function f() returns int language sql as $$ select 1 $$', 'CREATE FUNCTION'],
  ['create trigger g before insert on t for each row execute function f()', 'CREATE TRIGGER'],
  ['create event trigger g on sql_drop execute function f()', 'CREATE EVENT TRIGGER'],
  ['create policy p on t', 'CREATE POLICY'],
  ['create publication p for table t', 'CREATE PUBLICATION'],
  ['create extension citext', 'CREATE EXTENSION'],
  ['alter extension citext update', 'ALTER EXTENSION UPDATE'],
  ['alter extension citext add table t', 'ALTER EXTENSION ADD or DROP'],
  ["alter type e add value 'b'", 'ALTER TYPE'],
  ['alter domain d drop not null', 'ALTER DOMAIN'],
  ['alter sequence s restart', 'ALTER SEQUENCE'],
  ['alter table t rename to u', 'ALTER … RENAME'],
  ['alter table t set schema u', 'ALTER … SET SCHEMA'],
  ['alter function f() owner to a', 'ALTER … OWNER TO'],
  ['alter function f() strict', 'ALTER FUNCTION'],
  ['alter policy p on t using (true)', 'ALTER POLICY'],
  ['alter default privileges grant select on tables to a', 'ALTER DEFAULT PRIVILEGES'],
  ['drop table t', 'DROP'],
  ['truncate t', 'TRUNCATE'],
  ['comment on table t is null', 'COMMENT'],
  ['grant select on t to a', 'GRANT or REVOKE'],
  ['insert into t values (1)', 'INSERT'],
  ['update t set a = 1', 'UPDATE'],
  ['delete from t', 'DELETE'],
  ['merge into t using u on true when matched then delete', 'MERGE'],
  ['select 1', 'SELECT'],
  ['do $$ begin end $$', 'DO'],
  ['call p()', 'CALL'],
  ['lock table t', 'LOCK'],
  ['set lock_timeout = 1', 'SET or RESET'],
  ['set constraints all immediate', 'SET CONSTRAINTS'],
  ['refresh materialized view v', 'REFRESH MATERIALIZED VIEW'],
  ['vacuum t', 'VACUUM or ANALYZE'],
  ['reindex table t', 'REINDEX'],
  ['cluster t', 'CLUSTER'],
  ['create statistics s on a, b from t', 'CREATE STATISTICS'],
  ['create foreign data wrapper w', 'CREATE FOREIGN DATA WRAPPER'],
  ['create server s foreign data wrapper w', 'CREATE SERVER'],
  ['create role a', 'CREATE ROLE'],
  ['create database d', 'CREATE DATABASE'],
  ['alter system reset all', 'ALTER SYSTEM'],
]

test.each(STATEMENTS)('statementWords names the kind of: %s', async (sql, words) => {
  const parsed = await parseStatements('a.sql', sql)
  if (!('statements' in parsed)) throw new Error(parsed.fault.message)
  expect(statementWords(parsed.statements[0]!.kind)).toBe(words)
})
