import type { EffectContext } from '../../domain/effect.ts'
import { canonicalJson, type Json } from '../../domain/json.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import type { Definition } from './read-catalogue.ts'
import {
  reparseExclusion,
  reparseExpression,
  reparseIndex,
  reparseObject,
  reparsePartitionKey,
  reparseQuery,
} from './reparse-text.ts'

const LIMITS: MigrationLimits = { lockTimeoutMs: 10_000, statementTimeoutMs: 60_000 }

/** Two definitions of one object, each of another database. */
export type DefinitionPair = [Definition, Definition]

/**
 * Finds which definitions mean the same although the server writes them differently. Texts are parsed again on a database that has the
 * object and what it depends on, in a transaction that is rolled back. Everything that is not such a text must be equal.
 * @param database a rehearsal database, opened as the role that restored it
 * @returns the names of the pairs that are the same
 */
export async function findSameDefinitions(
  database: MigrationDatabase,
  context: EffectContext,
  pairs: DefinitionPair[],
): Promise<string[]> {
  if (pairs.length === 0) return []
  return inDiscardedTransaction(database, context, LIMITS, async (sql) => {
    await allowTemporary(sql)
    const same: string[] = []
    for (const pair of pairs) if (await isSameDefinition(sql, pair)) same.push(pair[0].name)
    return same
  })
}

/** The role that restored a database is a member of its owner, whose privileges may not include temporary objects. */
async function allowTemporary(sql: Sql): Promise<void> {
  const { rows } = await sql.query<{ text: string }>(
    `select format('grant temporary on database %I to %I', current_database(), current_user) as text
     where not has_database_privilege(current_database(), 'temporary')`,
  )
  for (const { text } of rows) await sql.query(text)
}

/** Whether two definitions are equal once their texts were parsed again in the current transaction. */
async function isSameDefinition(sql: Sql, [one, other]: DefinitionPair): Promise<boolean> {
  if (one.digest === other.digest) return true
  if (canonicalJson(one.facts) === canonicalJson(other.facts)) return true
  const parse = PARSERS[kindOf(one.name)]
  if (parse === undefined || !Array.isArray(one.facts) || !Array.isArray(other.facts)) return false
  try {
    const object = { name: one.name, relation: await findRelation(sql, one.about) }
    const parsed = [await parse(sql, object, one.facts), await parse(sql, object, other.facts)]
    return canonicalJson(parsed[0]!) === canonicalJson(parsed[1]!)
  } catch (error) {
    // A text that can't be parsed here is not known to be the same.
    if ((error as { severity?: string }).severity === 'FATAL') throw error
    return false
  }
}

/** An object, and its relation: quoted; empty where it has none. */
interface DefinedObject {
  name: string
  relation: string
}

/** Returns facts whose texts were parsed again. */
type Parser = (sql: Sql, object: DefinedObject, facts: Json[]) => Promise<Json[]>

const KINDS = /^(?:materialized view|foreign table|event trigger|[a-z]+) /
const kindOf = (name: string) => (KINDS.exec(name)?.[0] ?? '').trim()

/** Parses the texts at some places of the facts; null stays null. */
const texts =
  (
    ...places: [at: number, parse: (sql: Sql, object: DefinedObject, text: string) => Promise<Json>][]
  ): Parser =>
  async (sql, object, facts) => {
    const parsed = [...facts]
    for (const [at, parse] of places) {
      const text = facts[at]
      if (typeof text === 'string') parsed[at] = await parse(sql, object, text)
    }
    return parsed
  }

const expression = (sql: Sql, { relation }: DefinedObject, text: string) =>
  reparseExpression(sql, text, relation)

/**
 * A column whose default is NULL is one without a default, unless the default of its domain would then count. A restore writes such a default where
 * the table inherits another, or is made like one.
 */
const column: Parser = async (sql, object, facts) => {
  const text = facts[2]
  const isNull = typeof text === 'string' && text.startsWith('NULL::') && facts[3] === ''
  if (!isNull || (await hasDefault(sql, facts[0] as string)))
    return texts([2, expression])(sql, object, facts)
  return facts.map((fact, at) => (at === 2 ? null : fact))
}

async function hasDefault(sql: Sql, type: string): Promise<boolean> {
  const { rows } = await sql.query<{ has: boolean }>(
    `select typtype = 'd' and typdefaultbin is not null as has from pg_type where oid = to_regtype($1)`,
    [type],
  )
  return rows[0]?.has ?? true
}

/** A restore leaves unfilled what reads an unfilled one. Whether it is filled is no part of what it is. */
const materializedView: Parser = async (sql, object, facts) =>
  texts([12, query])(
    sql,
    object,
    facts.map((fact, at) => (at === 7 ? null : fact)),
  )

const query = (sql: Sql, _: DefinedObject, text: string) => reparseQuery(sql, text)

async function index(sql: Sql, { relation }: DefinedObject, text: string): Promise<Json> {
  const at = [` ON ${relation} `, ` ON ONLY ${relation} `].find((on) => text.includes(on))
  if (at === undefined) return text
  const end = text.indexOf(at) + at.length
  const unique = text.startsWith('CREATE UNIQUE ')
  return [text.slice(0, end), await reparseIndex(sql, { text: text.slice(end), unique }, relation)]
}

async function constraint(sql: Sql, { relation }: DefinedObject, text: string): Promise<Json> {
  if (text.startsWith('EXCLUDE ')) return reparseExclusion(sql, text, relation)
  const check = splitCheck(text)
  return check === null ? text : [await reparseExpression(sql, check.expression, relation), check.rest]
}

/** `CHECK ((x > 0)) NOT VALID`: the expression, and what follows it. */
function splitCheck(text: string): { expression: string; rest: string } | null {
  const [, body, rest] = /^CHECK \((.*)\)((?: NO INHERIT| NOT VALID| NOT ENFORCED)*)$/s.exec(text) ?? []
  return body === undefined ? null : { expression: body, rest: rest! }
}

async function trigger(sql: Sql, { relation }: DefinedObject, text: string): Promise<Json> {
  const [, before, condition, after] =
    /^(.*? FOR EACH (?:ROW|STATEMENT) WHEN \()(.*)(\) EXECUTE .*)$/s.exec(text) ?? []
  if (condition === undefined) return text
  return [before!, await reparseExpression(sql, condition, `${relation} new, ${relation} old`), after!]
}

const statistics = async (sql: Sql, { name }: DefinedObject, text: string) => {
  const found = await findObject(sql, name, {
    from: 'pg_statistic_ext o join pg_namespace n on n.oid = o.stxnamespace',
    label: `'statistics ' || nspname || '.' || stxname`,
    drop: `format('drop statistics %I.%I', nspname, stxname)`,
  })
  return reparseObject(sql, text, {
    drop: found,
    read: `(select pg_get_statisticsobjdef(o.oid) from pg_statistic_ext o join pg_namespace n on n.oid = o.stxnamespace
      where 'statistics ' || nspname || '.' || stxname = ${literal(name)})`,
  })
}

const RULE = `pg_rewrite o join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace`

const rule = async (sql: Sql, { name }: DefinedObject, text: string) => {
  const label = `'rule ' || nspname || '.' || relname || '.' || rulename`
  const drop = `format('drop rule %I on %I.%I', rulename, nspname, relname)`
  return reparseObject(sql, text, {
    drop: await findObject(sql, name, { from: RULE, label, drop }),
    read: `(select pg_get_ruledef(o.oid) from ${RULE} where ${label} = ${literal(name)})`,
  })
}

/** Returns the statement that drops an object. */
async function findObject(
  sql: Sql,
  name: string,
  { from, label, drop }: { from: string; label: string; drop: string },
): Promise<string> {
  const { rows } = await sql.query<{ drop: string }>(
    `select ${drop} as drop from ${from} where ${label} = $1`,
    [name],
  )
  if (rows.length !== 1) throw new Error(`${name} is not one object`)
  return rows[0]!.drop
}

const routine = (sql: Sql, { name }: DefinedObject, text: string) =>
  reparseObject(sql, text, {
    drop: null,
    read: `pg_get_functiondef(${literal(name.replace(/^\S+ /, ''))}::regprocedure)`,
  })

const partitionKey = (sql: Sql, { relation }: DefinedObject, text: string) =>
  reparsePartitionKey(sql, text, relation)

/** The text of a domain names its value VALUE. */
const domain: Parser = async (sql, _, facts) => {
  const [baseType, checks] = [facts[2] as string, (facts[6] ?? []) as [string, string, boolean][]]
  const value = `(select null::${baseType} as value) cutter_domain`
  const parsed: Json[] = []
  for (const [name, text, valid] of checks) {
    const check = splitCheck(text)
    if (check === null) return facts
    parsed.push([name, await reparseExpression(sql, check.expression, value), check.rest, valid])
  }
  const byDefault = facts[4]
  return [
    ...facts.slice(0, 4),
    typeof byDefault === 'string' ? await reparseExpression(sql, byDefault, value) : null,
    facts[5]!,
    parsed,
    ...facts.slice(7),
  ]
}

/** Row filters of the tables of a publication. */
const publication: Parser = async (sql, _, facts) => {
  const tables = (facts[8] ?? []) as [string, string, string | null][]
  const parsed: Json[] = []
  for (const [schema, table, filter] of tables) {
    const relation = await findRelation(sql, `${schema}.${table}`)
    parsed.push([schema, table, filter === null ? null : await reparseExpression(sql, filter, relation)])
  }
  return [...facts.slice(0, 8), parsed, ...facts.slice(9)]
}

/** Where the facts of a kind hold texts of the server: the order of `readCatalogue`. */
const PARSERS: { [kind: string]: Parser } = {
  table: texts([9, partitionKey]),
  view: texts([12, query]),
  'materialized view': materializedView,
  column,
  constraint: texts([0, constraint], [6, index]),
  index: texts([0, index]),
  trigger: texts([0, trigger]),
  rule: texts([0, rule]),
  policy: texts([3, expression], [4, expression]),
  statistics: texts([0, statistics]),
  function: texts([0, routine]),
  procedure: texts([0, routine]),
  domain,
  publication,
}

async function findRelation(sql: Sql, about: string | null): Promise<string> {
  if (about === null) return ''
  const { rows } = await sql.query<{ name: string }>(
    `select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
     where nspname || '.' || relname = $1`,
    [about],
  )
  if (rows.length > 1) throw new Error(`${about} is not one relation`)
  return rows[0]?.name ?? ''
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
