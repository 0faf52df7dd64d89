import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import {
  type Catalogue,
  isSame,
  type SchemaDifference,
  schemaDifference,
  schemaWords,
  scopedTo,
} from '../../migration/catalogue.ts'
import type { PinnedBundle } from '../../migration/lint.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/migration-database.ts'
import { patience } from './apply-migration.ts'
import { looking } from './checks.ts'
import { noteBeforeCommit, whatBecameOfIt } from './committed.ts'
import { identityWithin } from './identity.ts'
import { lockMigrations } from './procedure.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { Rehearsal } from './rehearse.ts'
import { runWatched } from './run-watched.ts'
import { refuseOtherIdentity } from './server-identify.ts'
import { migrated } from './verify-migration.ts'
import { jsonOf, limitsOf, type MigrateWorld } from './world.ts'

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
export function rollBack(world: MigrateWorld): WriteEffect<Input, Output> {
  const at = async (database: MigrationDatabase, context: EffectContext, given: Input, live: boolean) => {
    const bundle = await jsonOf<PinnedBundle>(context, given.bundleDigest)
    const identity = await jsonOf<ServerIdentity>(context, given.identityDigest)
    const { rollback, touches } = await jsonOf<Rehearsal>(context, given.rehearsalDigest)
    const scoped = async (digest: string) => scopedTo(touches, await jsonOf<Catalogue>(context, digest))
    const original = await scoped(given.catalogueDigest)
    const rehearsed = await scoped(given.rehearsedDigest)
    const committed = await scoped(given.committedDigest)
    const done = await database.transaction(
      context,
      limitsOf(bundle.spec),
      async (sql): Promise<RolledBack> => {
        await lockMigrations(sql)
        if (live) refuseOtherIdentity(identity, await identityWithin(sql))
        const now = async () => scopedTo(touches, await looking(sql, () => readCatalogue(sql)))
        const before = await now()
        refuseDrift(committed, before)
        const { transactionId } = await runWatched(sql, bundle.rollbackScript, 'rollback')
        const after = await now()
        // Where others changed the schema after the commit, what the rehearsal left can’t be met, and is shown instead.
        if (committed.digest === rehearsed.digest && after.digest !== rollback.catalogueDigest)
          throw unlikeRehearsal(schemaDifference(committed, after), rollback.schema)
        const facts = {
          transactionId,
          schema: schemaDifference(before, after),
          leaves: schemaDifference(original, after),
        }
        if (live) await noteBeforeCommit(world, context, NOTE, sql, { transactionId, what: facts })
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
      const identity = await jsonOf<ServerIdentity>(context, given.identityDigest)
      return at(await migrated(world, context, given, identity), context, given, false)
    },
    async probe(context, given): Promise<Probe<Output>> {
      const { spec } = await jsonOf<PinnedBundle>(context, given.bundleDigest)
      const database = await world.database(given.target)
      const became = await whatBecameOfIt(world, context, NOTE, database, patience(spec))
      if (became.outcome !== 'committed') return became
      return { outcome: 'committed', ...resultOf(became.what as unknown as RolledBack) }
    },
  }
}

function refuseDrift(committed: Catalogue, found: Catalogue): void {
  if (found.digest === committed.digest) return
  const lines = schemaWords(schemaDifference(committed, found))
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
    `the rollback did not do what it did in the rehearsal: ${schemaWords(found).slice(0, 5).join('; ')}; it was taken back whole`,
    { next: 'look at both by hand', data: { found: schemaWords(found), rehearsed: schemaWords(rehearsed) } },
  )

function resultOf(done: RolledBack): EffectResult<Output> {
  const evidence = jsonEvidence('rolled-back', done)
  const standsAs = isSame(done.leaves)
    ? 'rolled back: the schema is the one before the migration'
    : `rolled back; unlike before the migration: ${schemaWords(done.leaves).join('; ')}`
  return {
    output: {
      rolledBackDigest: evidence.digest,
      rolledBack: true,
      report: { standsAs, rollback: done.schema as unknown as Json },
    },
    evidence: [evidence],
  }
}
