import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  isEmptyDifference,
  type SchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { lockMigrations } from '../apply-in-transaction.ts'
import { probeCommit, writeCommitNote } from '../commit-probe.ts'
import { limitsOf, type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { readAtSavepoint } from '../migration-checks.ts'
import { readCatalogue } from '../read-catalogue.ts'
import { runGuarded } from '../run-guarded.ts'
import { readServerIdentity } from '../server-identity.ts'
import { settleTimeoutMs } from './apply-migration.ts'
import type { RehearsalResult } from './rehearse.ts'
import { assertSameIdentity } from './server-identify.ts'
import { openMigratedDatabase } from './verify-migration.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
  rehearsedDigest: z.string(),
  committedDigest: z.string(),
  copy: z.object({ place: z.string(), database: z.string() }),
})
const output = z.looseObject({ rolledBackDigest: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

interface RolledBack {
  transactionId: string
  /** What it changed, and what is still unlike the state before the migration. */
  schema: SchemaDifference
  leaves: SchemaDifference
}

const NOTE = 'rollback'

/** The approved rollback.sql, forward, in one transaction, after a migration that is committed and does not verify. */
export function rollBack(world: MigrateDeps): WriteEffect<Input, Output> {
  const at = async (database: MigrationDatabase, context: EffectContext, given: Input, live: boolean) => {
    const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
    const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
    const { rollback, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
    const scoped = async (digest: string) =>
      scopeCatalogue(touches, await readJsonEvidence<Catalogue>(context, digest))
    const original = await scoped(given.catalogueDigest)
    const rehearsed = await scoped(given.rehearsedDigest)
    const committed = await scoped(given.committedDigest)
    const done = await database.transaction(
      context,
      limitsOf(bundle.spec),
      async (sql): Promise<RolledBack> => {
        await lockMigrations(sql)
        if (live) assertSameIdentity(identity, await readServerIdentity(sql))
        const now = async () => scopeCatalogue(touches, await readAtSavepoint(sql, () => readCatalogue(sql)))
        const before = await now()
        refuseDrift(committed, before)
        const { transactionId } = await runGuarded(sql, bundle.rollbackScript, 'rollback')
        const after = await now()
        // Where others changed the schema after the commit, what the rehearsal left can’t be met, and is shown instead.
        if (committed.digest === rehearsed.digest && after.digest !== rollback.catalogueDigest)
          throw unlikeRehearsal(compareSchemas(committed, after), rollback.schema)
        const facts = {
          transactionId,
          schema: compareSchemas(before, after),
          leaves: compareSchemas(original, after),
        }
        if (live) await writeCommitNote(world, context, NOTE, sql, { transactionId, what: facts })
        return facts
      },
    )
    return resultOf(done)
  }
  return {
    name: 'roll_back',
    kind: 'write',
    input,
    output,
    execute: async (context, given) => at(await world.database(given.target), context, given, true),
    async simulate(context, given) {
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      return at(await openMigratedDatabase(world, context, given, identity), context, given, false)
    },
    async probe(context, given): Promise<Probe<Output>> {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const database = await world.database(given.target)
      const became = await probeCommit(world, context, NOTE, database, settleTimeoutMs(spec))
      if (became.outcome !== 'committed') return became
      return { outcome: 'committed', ...resultOf(became.what as unknown as RolledBack) }
    },
  }
}

function refuseDrift(committed: Catalogue, found: Catalogue): void {
  if (found.digest === committed.digest) return
  const lines = describeSchemaDifference(compareSchemas(committed, found))
  throw new Stop(
    'STOP_DRIFT',
    `the schema changed since the rollback was approved: ${lines.slice(0, 5).join('; ')}; nothing was rolled back`,
    {
      next: 'put it back as it was, then resume the run',
      data: { differences: lines.slice(0, 100) },
    },
  )
}

const unlikeRehearsal = (found: SchemaDifference, rehearsed: SchemaDifference) =>
  new Stop(
    'STOP_RESULT_DIFFERS',
    `the rollback did not do what it did in the rehearsal: ${describeSchemaDifference(found).slice(0, 5).join('; ')}; it was taken back whole`,
    {
      next: 'look at both by hand',
      data: { found: describeSchemaDifference(found), rehearsed: describeSchemaDifference(rehearsed) },
    },
  )

function resultOf(done: RolledBack): EffectResult<Output> {
  const evidence = jsonEvidence('rolled-back', done)
  const standsAs = isEmptyDifference(done.leaves)
    ? 'rolled back: the schema is the one before the migration'
    : `rolled back; unlike before the migration: ${describeSchemaDifference(done.leaves).join('; ')}`
  return {
    output: {
      rolledBackDigest: evidence.digest,
      rolledBack: true,
      report: { standsAs, rollback: done.schema as unknown as Json },
    },
    evidence: [evidence],
  }
}
