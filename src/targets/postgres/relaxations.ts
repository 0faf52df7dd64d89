import type { Sql } from '../target.ts'
import { functionsIn, type Relaxation } from './restore-needs.ts'
import { typesWithin } from './types-within.ts'

/** An error of the server: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface ServerError extends Error {
  severity?: string
  code?: string
  constraint?: string
  dataType?: string
  where?: string
}

/** A rule that the server evaluates for each row that is copied. Generated columns and partition keys can’t be set aside: they have no `before`. */
export interface RowRule extends Relaxation {
  kind: 'check' | 'domain' | 'generated' | 'partition'
  /** Of a constraint. */
  name: string
  /** The functions of others that it calls, without schema and arguments. */
  functions: string[]
}

/** Finds the rule that rejected a row: by its name, or by a function in which the server met the error. */
export function findRejecting(rules: RowRule[], error: ServerError): RowRule | null {
  const named = rules.find(
    ({ kind, name }) =>
      name === error.constraint && kind === (error.dataType === undefined ? 'check' : 'domain'),
  )
  if (named !== undefined) return named
  const called = functionsIn(error.where ?? '').map((name) =>
    name.replace(/\(.*$/s, '').replace(/^.*\./s, ''),
  )
  return (
    rules.find(({ functions }) => functions.some((name) => called.includes(name))) ??
    rules.find(({ functions }) => functions.length > 0) ??
    null
  )
}

/** Reads the rules of a table by which a row can be rejected, and how each is set aside. Call it with a search path that names no schema of others. */
export async function readRowRules(sql: Sql, schema: string, table: string): Promise<RowRule[]> {
  const { rows } = await sql.query<RowRule>(RULES, [schema, table])
  return rows
}

const label = (oid: string) =>
  `(select n.nspname || '.' || c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid})`
const quoted = (oid: string) =>
  `(select pg_catalog.format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${oid})`
/** The functions of others on which an object depends, also by its operators. */
const functions = (catalog: string, oid: string, part = '') =>
  `array(select distinct p.proname::text from pg_catalog.pg_depend need
     left join pg_catalog.pg_operator o on need.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = need.refobjid
     join pg_catalog.pg_proc p on p.oid = case need.refclassid when 'pg_catalog.pg_proc'::pg_catalog.regclass then need.refobjid else o.oprcode::oid end
     where need.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and need.objid = ${oid} ${part} and p.oid >= 16384)`

// Before PostgreSQL 15 a generated column itself depends on what it calls, and not its default.
/** What a table inherits is set aside where it was defined, with all that inherit it. */
const RULES = `
with recursive self as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
), up as (
  select oid from self union select i.inhparent from up join pg_catalog.pg_inherits i on i.inhrelid = up.oid
), down as (
  select oid as root, oid from up union select down.root, i.inhrelid from down join pg_catalog.pg_inherits i on i.inhparent = down.oid
), ${typesWithin('select a.atttypid as oid from self join pg_catalog.pg_attribute a on a.attrelid = self.oid and a.attnum > 0 and not a.attisdropped')}
select 'check' as kind, k.conname::text as name, ${functions('pg_constraint', 'k.oid')} as functions,
  array(select distinct 'constraint ' || ${label('x.conrelid')} || '.' || x.conname from down join pg_catalog.pg_constraint x
    on x.conrelid = down.oid and x.contype = 'c' and x.conname = k.conname where down.root = k.conrelid) as objects,
  array[pg_catalog.format('alter table %s drop constraint %I', ${quoted('k.conrelid')}, k.conname)] as before,
  array[pg_catalog.format('alter table %s add constraint %I %s', ${quoted('k.conrelid')}, k.conname,
    pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), '( NOT VALID)?$', ' NOT VALID'))] as after
from up join pg_catalog.pg_constraint k on k.conrelid = up.oid and k.contype = 'c' and k.conislocal and k.convalidated
union all
select 'domain', k.conname, ${functions('pg_constraint', 'k.oid')}, array['domain ' || n.nspname || '.' || t.typname],
  array[pg_catalog.format('alter domain %I.%I drop constraint %I', n.nspname, t.typname, k.conname)],
  array[pg_catalog.format('alter domain %I.%I add constraint %I %s', n.nspname, t.typname, k.conname,
    pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), '( NOT VALID)?$', ' NOT VALID'))]
from types join pg_catalog.pg_constraint k on k.contypid = types.oid and k.contype = 'c' and k.convalidated
  join pg_catalog.pg_type t on t.oid = k.contypid join pg_catalog.pg_namespace n on n.oid = t.typnamespace
union all
select 'generated', a.attname, ${functions('pg_attrdef', 'd.oid')} || ${functions('pg_class', 'a.attrelid', 'and need.objsubid = a.attnum')}, array['column ' || ${label('a.attrelid')} || '.' || a.attname],
  array[]::text[], array[]::text[]
from self join pg_catalog.pg_attribute a on a.attrelid = self.oid and a.attgenerated = 's'
  join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select 'partition', 'key', ${functions('pg_class', 'parts.partrelid')}, array['partition key of table ' || ${label('parts.partrelid')}],
  array[]::text[], array[]::text[]
from up join pg_catalog.pg_partitioned_table parts on parts.partrelid = up.oid
order by kind, name`
