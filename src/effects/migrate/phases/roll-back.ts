import { z } from 'zod'
import type { Effect, EffectContext, EffectResult } from '../../../domain/effect.ts'
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
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
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
  const attempt = async (sql: Sql): Promise<RolledBack> => {
    if (live) {
      const earlier = await lockAndProbe(deps, context, 'rollback', sql)
      if (earlier !== null) return earlier as unknown as RolledBack
      assertSameIdentity(identity, await readServerIdentity(sql))
    } else await lockMigrations(sql)
    const before = await readPresent(sql, touches)
    assertSameSchema(committed, before, {
      changed: 'the schema changed since the rollback was approved',
      kept: 'nothing was rolled back',
      next: 'restore the schema as it was, then resume the run',
    })
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

const readPresent = async (sql: Sql, touches: string[]) =>
  scopeCatalogue(touches, await readAtSavepoint(sql, () => readCatalogue(sql)))

const unlikeRehearsalError = (found: SchemaDifference, rehearsed: SchemaDifference) =>
  new Stop(
    'STOP_RESULT_DIFFERS',
    `the rollback did not do what it did in the rehearsal: ${describeSchemaDifference(found).slice(0, 5).join('; ')}; its transaction was rolled back`,
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
