import { performance } from 'node:perf_hooks'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  onlyIn,
  scopeCatalogue,
} from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import { compareExpectedSchema } from '../../migration/migration-outcome.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { limitsOf, settleTimeoutMs } from './bundle-limits.ts'
import type { MeasuredStatement } from './measure-statements.ts'
import { lockMigrationsBySession } from './migration-lock.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { StandaloneOutcome } from './rehearsal-result.ts'
import { runScript } from './run-script.ts'

/** Statements that can't run in a transaction, such as CREATE INDEX CONCURRENTLY, each in a session of its own. */

/**
 * Runs the statements on a rehearsal database and records what each adds, removes and changes.
 * @param apart names of objects whose definition the source's server writes otherwise
 */
export async function rehearseStandaloneStatements(
  database: MigrationDatabase,
  context: EffectContext,
  spec: MigrationBundleSpec,
  alone: MigrationBundle['alone'],
  apart: string[],
): Promise<{
  outcomes: StandaloneOutcome[]
  measured: Pick<MeasuredStatement, 'number' | 'milliseconds'>[]
}> {
  const outcomes: StandaloneOutcome[] = []
  const measured: Pick<MeasuredStatement, 'number' | 'milliseconds'>[] = []
  for (const { number, text } of alone) {
    const before = await database.read(context, readCatalogue)
    const milliseconds = await database.session(context, limitsOf(spec), async (sql) => {
      const begun = performance.now()
      await runScript(sql, text, 'statement')
      return Math.round(performance.now() - begun)
    })
    measured.push({ number, milliseconds })
    const after = await database.read(context, readCatalogue)
    const schema = compareSchemas(before, after)
    const names = onlyIn([...schema.added, ...schema.changed], apart)
    const objects = Object.fromEntries(names.map((name) => [name, after.objects[name]!.digest]))
    outcomes.push({ number, schema, objects })
  }
  return { outcomes, measured }
}

/** `unknown`: the statement leaves no trace in the catalogue. `other`: the catalogue has neither what was before nor after. */
export type StandaloneState = 'done' | 'not done' | 'other' | 'unknown'

/** Reads from the catalogue whether a statement has run, by what it added, removed and changed in the rehearsal. */
export async function readStandaloneState(
  database: MigrationDatabase,
  context: EffectContext,
  { spec }: MigrationBundle,
  outcome: StandaloneOutcome,
): Promise<StandaloneState> {
  return database.session(context, limitsOf(spec), async (sql) => {
    await lockMigrationsBySession(sql, context, settleTimeoutMs(spec))
    return readState(sql, outcome)
  })
}

/** As `readStandaloneState`, in a session that has the lock of migrations. */
async function readState(sql: Sql, { schema, objects }: StandaloneOutcome): Promise<StandaloneState> {
  await sql.query('begin read only')
  const found = await readCatalogue(sql)
  await sql.query('rollback')
  const made = Object.entries(objects)
  if (made.length + schema.removed.length === 0) return 'unknown'
  const done = [
    ...made.map(([name, digest]) => found.objects[name]?.digest === digest),
    ...schema.removed.map((name) => found.objects[name] === undefined),
  ]
  if (done.every((one) => one)) return 'done'
  const untouched = [
    ...schema.added.map((name) => found.objects[name] === undefined),
    ...schema.changed.map(
      (name) => found.objects[name] !== undefined && found.objects[name].digest !== objects[name],
    ),
    ...schema.removed.map((name) => found.objects[name] !== undefined),
  ]
  return untouched.every((one) => one) ? 'not done' : 'other'
}

/**
 * Runs one statement on the target. Returns null when it did what it did in the rehearsal, or was done meanwhile; else why not.
 * @throws every stop but STOP_MIGRATION_FAILED, which is a reason
 * @throws RUN_HELD, STORE_CONFLICT when the claim was lost before the lock was granted
 */
export async function runStandaloneStatement(
  database: MigrationDatabase,
  context: EffectContext,
  { spec }: MigrationBundle,
  { text, expected, touches }: { text: string; expected: StandaloneOutcome; touches: string[] },
): Promise<string | null> {
  const readScoped = async () => scopeCatalogue(touches, await database.read(context, readCatalogue))
  const before = await readScoped()
  try {
    const ran = await database.session(context, limitsOf(spec), async (sql) => {
      await lockMigrationsBySession(sql, context, settleTimeoutMs(spec))
      await context.assertClaimed()
      if ((await readState(sql, expected)) === 'done') return false
      await runScript(sql, text, 'statement')
      return true
    })
    if (!ran) return null
  } catch (error) {
    if (!(error instanceof Stop) || error.facts.code !== 'STOP_MIGRATION_FAILED') throw error
    const left = await describeRemains(database, context, before, await readScoped())
    return `${error.message}; ${left}`
  }
  const lines = compareExpectedSchema(expected.schema, compareSchemas(before, await readScoped()))
  return lines.length === 0 ? null : lines.join('; ')
}

/**
 * Says what a failed statement left behind, and how it is removed. It ran outside of a transaction, so nothing was rolled back. A concurrent
 * build that fails leaves an invalid index, which no query uses and every write maintains.
 */
async function describeRemains(
  database: MigrationDatabase,
  context: EffectContext,
  before: Catalogue,
  after: Catalogue,
): Promise<string> {
  const lines = describeSchemaDifference(compareSchemas(before, after))
  if (lines.length === 0) return 'it left nothing in the schema'
  const { rows } = await database.read(context, (sql) =>
    sql.query<{ name: string; dropped: string }>(INVALID),
  )
  const invalid = rows.filter(({ name }) => lines.some((line) => line.startsWith(`index ${name} `)))
  const repairs = invalid.map(
    ({ name, dropped }) =>
      `the invalid index ${name} remains, which no query uses: remove it with \`drop index concurrently ${dropped}\`, correct what the message names, and build it in another migration`,
  )
  return repairs.length > 0 ? repairs.join('; ') : `it left: ${lines.slice(0, 5).join('; ')}`
}

const INVALID = `select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as dropped
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where not i.indisvalid`
