import type { SchemaDifference } from './catalogue.ts'
import type { MigrationBundleFiles, MigrationBundleSpec } from './migration-bundle-spec.ts'
import type { RowChanges } from './migration-outcome.ts'

/**
 * The files of a bundle that its author has not written, made from what the script did on a rehearsal database. They say what was seen, so
 * that the author reads and completes them.
 */

type Named = Pick<MigrationBundleSpec, 'preflight' | 'verify' | 'rollback'>

/** Stand-ins for the files that are missing, with which a script can be rehearsed before anything is known of it. */
export function standInFiles(spec: Named, files: MigrationBundleFiles): MigrationBundleFiles {
  const made: MigrationBundleFiles = {}
  const check = "select 'nothing is checked yet' as name, true as ok;\n"
  for (const name of [spec.preflight, spec.verify]) if (files[name] === undefined) made[name] = check
  if (files[spec.rollback] === undefined) made[spec.rollback] = NO_WAY_BACK
  return made
}

/** The text of bundle.yaml for a folder that has a script and no bundle.yaml. */
export const startedBundle = (
  name: string,
) => `# Made by cutter migrate propose. Read what it expects, and the limits.
name: ${name}
migration: { file: migration.sql, sha256: none }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect: {}
lockTimeoutSeconds: 5
statementTimeoutSeconds: 300
`

/** A rollback that changes nothing: the plan shows what stays. */
export const NO_WAY_BACK = `-- Made by cutter migrate propose: nothing is rolled back. The plan lists what stays.
select 'nothing is rolled back' as note;
`

/** A check before: what the script adds is not there yet, and what it removes or changes is there. */
export const preflightOf = ({ added, removed, changed }: SchemaDifference): string =>
  checks('must hold before', [
    ...added.map((name) => [name, false] as const),
    ...[...removed, ...changed].map((name) => [name, true] as const),
  ])

/** A check after. */
export const verifyOf = ({ added, removed, changed }: SchemaDifference): string =>
  checks('must hold after', [
    ...[...added, ...changed].map((name) => [name, true] as const),
    ...removed.map((name) => [name, false] as const),
  ])

function checks(when: string, objects: (readonly [name: string, isThere: boolean])[]): string {
  const lines = objects.flatMap(([name, isThere]) => {
    const exists = existsCondition(name)
    if (exists === null) return []
    const label = literal(`${name} is ${isThere ? 'there' : 'not there'}`)
    return [`select ${label} as name, ${isThere ? '' : 'not '}${exists} as ok;`]
  })
  const none = "select 'the database answers' as name, true as ok;"
  return `-- Made by cutter migrate propose, from what the script did. Add what else ${when}.\n${(lines.length === 0 ? [none] : lines).join('\n')}\n`
}

/** An SQL condition that an object exists; null for kinds that no simple query finds. Names are those of the catalogue. */
function existsCondition(name: string): string | null {
  const { kind, parts } = partsOf(name)
  const [schema, relation, part] = parts.map(literal)
  const here = `from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`
  if (['table', 'view', 'materialized view', 'index', 'sequence'].includes(kind) && parts.length === 2)
    return `exists (select ${here} where n.nspname = ${schema} and c.relname = ${relation})`
  const inside: { [kind: string]: string } = {
    column: `join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attname`,
    constraint: `join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname`,
    trigger: `join pg_catalog.pg_trigger g on g.tgrelid = c.oid and g.tgname`,
    policy: `join pg_catalog.pg_policy p on p.polrelid = c.oid and p.polname`,
  }
  if (inside[kind] === undefined || parts.length !== 3) return null
  return `exists (select ${here} ${inside[kind]} = ${part} where n.nspname = ${schema} and c.relname = ${relation})`
}

/** How kinds are dropped, in the order in which it is done: parts before what they are parts of. */
const DROPPED: { kind: string; drop(parts: string[]): string | null }[] = [
  ...(['trigger', 'rule', 'policy'] as const).map((kind) => ({
    kind,
    drop: ([schema, table, name]: string[]) =>
      name === undefined ? null : `drop ${kind} ${name} on ${schema}.${table};`,
  })),
  { kind: 'materialized view', drop: (parts) => `drop materialized view ${parts.join('.')};` },
  { kind: 'view', drop: (parts) => `drop view ${parts.join('.')};` },
  { kind: 'constraint', drop: ([s, t, name]) => `alter table ${s}.${t} drop constraint ${name};` },
  { kind: 'index', drop: (parts) => `drop index ${parts.join('.')};` },
  { kind: 'column', drop: ([s, t, name]) => `alter table ${s}.${t} drop column ${name};` },
  // Tables that refer to each other go in one statement.
  { kind: 'table', drop: () => null },
  { kind: 'sequence', drop: (parts) => `drop sequence ${parts.join('.')};` },
  { kind: 'type', drop: (parts) => `drop type ${parts.join('.')};` },
  { kind: 'domain', drop: (parts) => `drop domain ${parts.join('.')};` },
  { kind: 'schema', drop: (parts) => `drop schema ${parts.join('.')};` },
]

/**
 * The way back of a script that only adds: it drops what was added. Everything else that the script did is named in it as not restored.
 * @param indexes names of indexes that are built outside of the transaction
 */
export function rollbackOf(
  { added, removed, changed }: SchemaDifference,
  rows: { [table: string]: RowChanges },
  indexes: string[],
): string {
  const left = new Set(added)
  const functions = added.filter((name) => /^(function|procedure|aggregate) /.test(name))
  const drops = DROPPED.flatMap(({ kind, drop }) => {
    const names = added.filter((name) => partsOf(name).kind === kind).reverse()
    if (kind === 'table' && names.length > 0) {
      for (const name of names) left.delete(name)
      return [`drop table ${names.map((name) => partsOf(name).parts.map(quoted).join('.')).join(', ')};`]
    }
    return names.flatMap((name) => {
      const text = drop(partsOf(name).parts.map(quoted))
      if (text !== null) left.delete(name)
      return text ?? []
    })
  })
  for (const name of functions) left.delete(name)
  const isMade = (table: string) => added.includes(`table ${table}`)
  const lost = [
    ...[...left].map((name) => `${name} stays`),
    ...removed.map((name) => `${name} stays removed`),
    ...changed.map((name) => `${name} keeps its new definition`),
    ...Object.keys(rows)
      .filter((table) => !isMade(table))
      .map((table) => `the rows of ${table} stay as they are then`),
  ]
  const statements = [
    ...indexes.map((name) => `drop index if exists ${name};`),
    ...drops,
    ...functions.map((name) => `drop ${name};`),
  ]
  const text = [
    '-- Made by cutter migrate propose: it drops what the script adds.',
    ...(lost.length === 0
      ? []
      : ['-- What it does not restore:', ...lost.map((line) => `-- ${oneLine(line)}`)]),
    ...(statements.length === 0 ? ["select 'nothing is rolled back' as note;"] : statements),
  ]
  return `${text.join('\n')}\n`
}

/** A name of the catalogue, such as `column public.unit.state`, as its kind and the parts of its name. */
function partsOf(name: string): { kind: string; parts: string[] } {
  const kind =
    /^(materialized view|foreign table|event trigger)/.exec(name)?.[0] ?? name.slice(0, name.indexOf(' '))
  return { kind, parts: name.slice(kind.length + 1).split('.') }
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ')
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
