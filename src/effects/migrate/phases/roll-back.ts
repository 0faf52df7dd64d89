import { z } from 'zod'
import type { Effect, EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { writeEffect } from '../../../machine/define-effect.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  isEmptyDifference,
  type SchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { Sql } from '../../../targets/target.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { limitsOf, settleTimeoutMs } from '../bundle-limits.ts'
import { lockAndProbe, probeCommit, writeCommitNote } from '../commit-probe.ts'
import type { MigrateDeps } from '../deps.ts'
import { withLockRetries } from '../lock-retries.ts'
import { recordRollback } from '../migration-history.ts'
import { lockMigrations } from '../migration-lock.ts'
import { migratedFacts, openMigratedDatabase } from '../open-migrated-database.ts'
import { readAtSavepoint } from '../read-at-savepoint.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { type PartsOfRollback, readRollbackStates, rollBackParts } from '../roll-back-parts.ts'
import { runGuarded } from '../run-guarded.ts'
import { assertSameSchema } from '../schema-drift.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'
import { readSharedObjects } from '../shared-objects.ts'

const input = z.object({
  ...migratedFacts,
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
  rehearsedDigest: z.string(),
  committedDigest: z.string(),
})
type Input = z.infer<typeof input>

interface RolledBack {
  transactionId: string
  /** What the rollback changed. */
  schema: SchemaDifference
  /** How the schema still differs from before the migration. */
  leaves: SchemaDifference
}

/** Runs the approved rollback.sql in one transaction, after a migration that is committed and does not verify. */
export function rollBack(deps: MigrateDeps): Effect {
  return writeEffect({
    name: 'roll_back',
    input,
    output: z.looseObject({ rolledBackDigest: z.string() }),
    async execute(context, given) {
      const database = await deps.openDatabase(given.target)
      return resultOf(await rollBackDatabase(deps, database, context, given))
    },
    async simulate(context, given) {
      const database = await openMigratedDatabase(deps, context, given)
      return resultOf(await rollBackDatabase(deps, database, context, given))
    },
    async probe(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      if (bundle.rollbackParts !== undefined) return probeRollbackParts(deps, context, given, bundle)
      const { spec } = bundle
      const database = await deps.openDatabase(given.target)
      const found = await probeCommit(deps, context, 'rollback', database, settleTimeoutMs(spec))
      if (found.outcome !== 'committed') return found
      return { outcome: 'committed', ...resultOf(found.what as unknown as RolledBack) }
    },
  })
}

async function rollBackDatabase(
  deps: MigrateDeps,
  database: MigrationDatabase,
  context: EffectContext,
  given: Input,
): Promise<RolledBack> {
  const live = context.mode === 'live'
  const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
  const { rollback, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  const readScoped = async (digest: string) =>
    scopeCatalogue(touches, await readJsonEvidence<Catalogue>(context, digest))
  const original = await readScoped(given.catalogueDigest)
  const rehearsed = await readScoped(given.rehearsedDigest)
  const committed = await readScoped(given.committedDigest)
  const schemas = { original, rehearsed, committed }
  if (bundle.rollbackParts !== undefined) {
    const parts = partsOf(database, bundle, identity, await readJsonEvidence(context, given.rehearsalDigest))
    await rollBackParts(deps, context, parts, (found) =>
      assertSameSchema(committed, scopeCatalogue(touches, found), UNLIKE_APPROVED),
    )
    return endOfParts(database, context, schemas, parts.rehearsal)
  }
  const attempt = async (sql: Sql): Promise<RolledBack> => {
    if (live) {
      const earlier = await lockAndProbe(deps, context, 'rollback', sql)
      if (earlier !== null) return earlier as unknown as RolledBack
      assertSameIdentity(identity, await readServerIdentity(sql))
    } else await lockMigrations(sql)
    const before = await readPresent(sql, touches)
    assertSameSchema(committed, before, UNLIKE_APPROVED)
    const { transactionId } = await runGuarded(sql, bundle.rollbackScript, 'rollback', () =>
      database.read(context, readSharedObjects),
    )
    const after = await readPresent(sql, touches)
    // Where others changed the schema after the commit, the result of the rehearsal can't be reached, and the result is shown.
    if (committed.digest === rehearsed.digest && after.digest !== rollback.catalogueDigest)
      throw unlikeRehearsalError(compareSchemas(committed, after), rollback.schema)
    const done = {
      transactionId,
      schema: compareSchemas(before, after),
      leaves: compareSchemas(original, after),
    }
    if (live) await recordRollback(sql, context.runId)
    if (live) await writeCommitNote(deps, context, 'rollback', sql, { transactionId, what: done })
    return done
  }
  return withLockRetries(context, bundle.spec, () =>
    database.transaction(context, limitsOf(bundle.spec), attempt),
  )
}

const UNLIKE_APPROVED = {
  changed: 'the schema changed since the rollback was approved',
  kept: 'nothing was rolled back',
  next: 'restore the schema as it was, then resume the run',
}

const partsOf = (
  database: MigrationDatabase,
  bundle: MigrationBundle,
  identity: ServerIdentity,
  rehearsal: RehearsalResult,
): PartsOfRollback => ({ database, bundle, identity, rehearsal, parts: bundle.rollbackParts! })

/** What all parts did. Nothing can be rolled back any more, so that a difference is only named. */
async function endOfParts(
  database: MigrationDatabase,
  context: EffectContext,
  { original, rehearsed, committed }: { [which in 'original' | 'rehearsed' | 'committed']: Catalogue },
  { rollback, touches }: RehearsalResult,
): Promise<RolledBack> {
  const after = scopeCatalogue(touches, await database.read(context, readCatalogue))
  if (committed.digest === rehearsed.digest && after.digest !== rollback.catalogueDigest)
    throw unlikeRehearsalError(compareSchemas(committed, after), rollback.schema, 'what ran of it remains')
  const schema = compareSchemas(committed, after)
  return { transactionId: '', schema, leaves: compareSchemas(original, after) }
}

/** Whether all parts of a rollback were done, and what they did. */
async function probeRollbackParts(
  deps: MigrateDeps,
  context: EffectContext,
  given: Input,
  bundle: MigrationBundle,
): Promise<Probe<{ rolledBackDigest: string }>> {
  const database = await deps.openDatabase(given.target)
  const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
  const parts = partsOf(database, bundle, identity, await readJsonEvidence(context, given.rehearsalDigest))
  const states = await readRollbackStates(deps, context, parts)
  // A statement of which the catalogue shows neither state runs again, and its failure is named then.
  if (states.some((state) => state !== 'done')) return { outcome: 'not-committed' }
  const read = async (digest: string) =>
    scopeCatalogue(parts.rehearsal.touches, await readJsonEvidence<Catalogue>(context, digest))
  const schemas = {
    original: await read(given.catalogueDigest),
    rehearsed: await read(given.rehearsedDigest),
    committed: await read(given.committedDigest),
  }
  const done = await endOfParts(database, context, schemas, parts.rehearsal)
  return { outcome: 'committed', ...resultOf(done) }
}

const readPresent = async (sql: Sql, touches: string[]) =>
  scopeCatalogue(touches, await readAtSavepoint(sql, () => readCatalogue(sql)))

const unlikeRehearsalError = (
  found: SchemaDifference,
  rehearsed: SchemaDifference,
  remains = 'its transaction was rolled back',
) =>
  new Stop(
    'STOP_RESULT_DIFFERS',
    `the rollback did not do what it did in the rehearsal: ${describeSchemaDifference(found).slice(0, 5).join('; ')}; ${remains}`,
    {
      next: 'compare both by hand',
      data: { found: describeSchemaDifference(found), rehearsed: describeSchemaDifference(rehearsed) },
    },
  )

function resultOf(done: RolledBack): EffectResult<{ rolledBackDigest: string }> {
  const evidence = jsonEvidence('rolled-back', done)
  const standsAs = isEmptyDifference(done.leaves)
    ? 'rolled back: the schema is the one before the migration'
    : `rolled back; unlike before the migration: ${describeSchemaDifference(done.leaves).join('; ')}`
  const output = {
    rolledBackDigest: evidence.digest,
    rolledBack: true,
    report: { standsAs, rollback: done.schema as unknown as Json },
  }
  return { output, evidence: [evidence] }
}
