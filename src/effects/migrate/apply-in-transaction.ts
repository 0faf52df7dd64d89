import { Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  digestMadeDefinitions,
  onlyIn,
  scopeCatalogue,
} from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/lint-migration-bundle.ts'
import {
  compareOutcomes,
  findUnexpectedChanges,
  type MigrationOutcome,
} from '../../migration/migration-outcome.ts'
import type { Sql } from '../../targets/target.ts'
import {
  type CheckResult,
  describeChecks,
  queryDistribution,
  readAtSavepoint,
  runChecks,
} from './migration-checks.ts'
import { readCatalogue } from './read-catalogue.ts'
import { findRecreatedObjects, type ObjectIdentities, readObjectIdentities } from './recreated-objects.ts'
import { measureRowChanges, type RowsBefore, watchRows } from './row-changes.ts'
import { runGuarded } from './run-guarded.ts'

/**
 * The one way in which a migration is applied, on a rehearsal's copy as on the target: what is looked at before, the script byte
 * for byte, what is measured after, all in one transaction, which the caller commits only if nothing here has thrown.
 */

export interface AppliedMigration {
  outcome: MigrationOutcome
  preflight: CheckResult[]
  /** Null where statements are still to run alone, which the checks may be about. */
  verify: CheckResult[] | null
  transactionId: string
  /** Relations and schemas, as runScript gives them. */
  touched: string[]
}

export interface ApplyMigrationInput {
  bundle: MigrationBundle
  /** What was backed up. */
  catalogue: Catalogue
  /** Null in the rehearsal itself. */
  rehearsed: { inside: MigrationOutcome; touches: string[] } | null
}

/** One migration at a time in a database; whoever asks what became of one waits for its end. */
export async function lockMigrations(sql: Sql): Promise<void> {
  await sql.query(`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('cutter/migrate', 0))`)
}

export async function applyInTransaction(sql: Sql, given: ApplyMigrationInput): Promise<AppliedMigration> {
  const { bundle, catalogue, rehearsed } = given
  const { spec } = bundle
  await lockMigrations(sql)
  refuseOtherScript(bundle)
  const preflight = await runChecks(sql, bundle.preflight)
  assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', preflight)
  // On a copy the script is alone; on the target others go on changing what it does not touch, also while it runs.
  const scoped = (whole: Catalogue) => (rehearsed === null ? whole : scopeCatalogue(rehearsed.touches, whole))
  const look = async () => scoped(await readAtSavepoint(sql, () => readCatalogue(sql)))
  const before = await look()
  refuseDrift(scoped(catalogue), before)
  const identities = await readObjectIdentities(sql)
  const rowsBefore = await watchRows(sql, spec, rehearsed?.inside.rewritten ?? null)
  const { touched, transactionId } = await runGuarded(sql, bundle.script, 'script')
  const outcome = await measure(sql, bundle, {
    catalogue: before,
    look,
    identities,
    rows: rowsBefore,
  })
  const wrong = [
    ...(bundle.alone.length === 0 ? findUnexpectedChanges(spec, outcome) : []),
    ...(rehearsed === null ? [] : unlike(rehearsed, outcome, touched)),
  ]
  if (wrong.length > 0) throw resultDiffersError(wrong)
  const verify = bundle.alone.length === 0 ? await runChecks(sql, bundle.verify) : null
  if (verify !== null) assertChecksPass('STOP_VERIFICATION_FAILED', 'verification', verify)
  return { outcome, preflight, verify, transactionId, touched }
}

function unlike(
  { inside, touches }: NonNullable<ApplyMigrationInput['rehearsed']>,
  outcome: MigrationOutcome,
  touched: string[],
): string[] {
  const others = onlyIn(touched, touches).map((name) => `it touched ${name}`)
  return [...compareOutcomes(inside, outcome), ...others].map((line) => `unlike the rehearsal: ${line}`)
}

function refuseOtherScript({ spec, script, alone, texts }: MigrationBundle): void {
  const text = texts[spec.migration.file]!
  if (
    sha256(text) === spec.migration.sha256 &&
    text.startsWith(script) &&
    (alone.length > 0 || text === script)
  )
    return
  throw new Stop('STOP_SOURCE_CHANGED', 'the script at hand is not the frozen one; nothing was touched')
}

export function assertChecksPass(
  code: 'STOP_PREFLIGHT_FAILED' | 'STOP_VERIFICATION_FAILED',
  what: string,
  results: CheckResult[],
): void {
  const { summary, failed } = describeChecks(results)
  if (failed.length === 0) return
  throw new Stop(code, `${what}: ${summary}; failed: ${failed.slice(0, 5).join('; ')}`, { data: { failed } })
}

function refuseDrift(expected: Catalogue, found: Catalogue): void {
  if (found.digest === expected.digest) return
  const lines = describeSchemaDifference(compareSchemas(expected, found))
  throw new Stop(
    'STOP_DRIFT',
    `the schema is no longer the one that was backed up and rehearsed: ${lines.slice(0, 5).join('; ')}; nothing was applied`,
    {
      next: 'cancel this run and start another: its plan, and only that, was approved',
      data: { differences: lines.slice(0, 100) },
    },
  )
}

async function measure(
  sql: Sql,
  bundle: MigrationBundle,
  before: {
    catalogue: Catalogue
    look(): Promise<Catalogue>
    identities: ObjectIdentities
    rows: RowsBefore
  },
): Promise<MigrationOutcome> {
  const anew = findRecreatedObjects(before.identities, await readObjectIdentities(sql))
  const ours = (name: string) => before.catalogue.objects[name] !== undefined
  const recreated = anew.recreated.filter(ours)
  const rewritten = anew.rewritten.filter((table) => ours(`table ${table}`))
  const { rows, columns } = await measureRowChanges(sql, before.rows, rewritten)
  const after = await before.look()
  const schema = compareSchemas(before.catalogue, after)
  const distributions: MigrationOutcome['distributions'] = []
  for (const one of bundle.distributions) {
    const asked = await queryDistribution(sql, one)
    if ('refused' in asked) throw resultDiffersError([asked.refused])
    distributions.push(asked)
  }
  return {
    schema: { ...schema, changed: [...new Set([...schema.changed, ...recreated])].sort() },
    rows,
    rewritten,
    columns,
    distributions,
    madeDigest: digestMadeDefinitions(before.catalogue, after),
  }
}

export function resultDiffersError(lines: string[]): Stop {
  return new Stop(
    'STOP_RESULT_DIFFERS',
    `the migration did not do what was expected: ${lines.slice(0, 5).join('; ')}; rolled back whole`,
    {
      next: 'set the script or the expectations right in a new bundle, then start another run',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
