import type pg from 'pg'
import type { MigrationBundleSpec } from '../../src/migration/migration-bundle-spec.ts'

/** How a target becomes another than the one that a migration was proposed and rehearsed for. */
export interface Deviation {
  kind: 'an extra column' | 'a changed row' | 'a lost grant'
  /** What the answer must name: one of these. */
  names: string[]
  /** Whether a run that starts afterwards stops. The others are found by one that was planned before. */
  before: boolean
  inject: string
  undo: string
}

/**
 * One deviation for a migration, of a kind that it can meet: kinds take turns by the place in the series. A table of its own is none of the
 * target's yet, so a migration that only creates tables meets the lost grant of those to come.
 */
export async function deviationOf(
  app: pg.Client,
  { expect }: Expectations,
  place: number,
): Promise<Deviation> {
  const table = await existingTable(app, expect)
  const row = place % 3 === 1 ? await updatedTable(app, expect) : null
  if (row !== null) return changedRow(row)
  if (table !== null && place % 3 === 0) return extraColumn(table)
  return lostGrant(table)
}

type Expected = Expectations['expect']

/** What bundle.yaml expects; keys that it leaves out are missing. */
export interface Expectations {
  expect: Pick<MigrationBundleSpec['expect'], 'schema'> & {
    rows?: { [table: string]: { updated?: unknown; deleted?: unknown } }
  }
}

const quoted = (table: string) =>
  table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')

/** A table of the target that the migration changes: by a column, an index, a trigger, or rows. */
async function existingTable(app: pg.Client, { schema, rows = {} }: Expected): Promise<string | null> {
  const named = [...schema.added, ...schema.changed, ...schema.removed].flatMap((name) => {
    const [, table] = /^(?:column|constraint|trigger|policy) ([^.]+\.[^.]+)\./.exec(name) ?? []
    return table === undefined ? [] : [table]
  })
  for (const table of [...named, ...Object.keys(rows)]) if (await isTable(app, table)) return table
  return null
}

async function isTable(app: pg.Client, table: string): Promise<boolean> {
  const found = await app.query(`select to_regclass($1) is not null as found`, [quoted(table)])
  return found.rows[0].found
}

/**
 * A table of which the migration updates or deletes every row, so that one more changes the number. Where rows of other tables name its rows, one
 * fewer would leave a backup that can't be restored, which is another deviation.
 */
async function updatedTable(app: pg.Client, { rows = {} }: Expected): Promise<string | null> {
  for (const [table, { updated, deleted }] of Object.entries(rows)) {
    if (!(await isTable(app, table))) continue
    const found = await app.query<{ n: number }>(`select count(*)::int as n from ${quoted(table)}`)
    const { n } = found.rows[0]!
    const named = await app.query(
      `select from pg_constraint where contype = 'f' and confrelid = $1::regclass`,
      [quoted(table)],
    )
    if (named.rowCount !== 0) continue
    if (n > 0 && (updated === n || deleted === n)) return table
  }
  return null
}

const extraColumn = (table: string): Deviation => ({
  kind: 'an extra column',
  names: [`column ${table}.deviation`],
  before: false,
  inject: `alter table ${quoted(table)} add column deviation int`,
  undo: `alter table ${quoted(table)} drop column deviation`,
})

const lostGrant = (table: string | null): Deviation =>
  table === null
    ? {
        kind: 'a lost grant',
        // A table that is made lacks the grant then.
        names: ['default privileges of app_owner', 'to app_reader was expected to be added, and was not'],
        before: false,
        inject: 'alter default privileges for role app_owner revoke select on tables from app_reader',
        undo: 'alter default privileges for role app_owner grant select on tables to app_reader',
      }
    : {
        kind: 'a lost grant',
        names: [`grant select on table ${table} to app_reader`],
        before: false,
        inject: `revoke select on ${quoted(table)} from app_reader`,
        undo: `grant select on ${quoted(table)} to app_reader`,
      }

/** One row fewer, kept elsewhere for as long. */
const changedRow = (table: string): Deviation => ({
  kind: 'a changed row',
  names: [table],
  before: true,
  inject: `set session_replication_role = replica; create temporary table kept as select * from ${quoted(table)} limit 1;
    delete from ${quoted(table)} where ctid = (select ctid from ${quoted(table)} limit 1)`,
  undo: `insert into ${quoted(table)} select * from kept; drop table kept; set session_replication_role = default`,
})
