import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import { compareDistributions } from '../../../migration/migration-outcome.ts'
import type { MigrationDatabase, ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef } from '../../../targets/postgres/rehearsal-databases.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { type CheckResult, describeChecks, queryDistribution, runChecks } from '../migration-checks.ts'
import { planMigrationRollback } from '../plan.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from './rehearse.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
  rehearsedDigest: z.string(),
  copy: z.object({ place: z.string(), database: z.string() }),
  aloneFailed: z.string().nullable().default(null),
})
const output = z.looseObject({ verified: z.boolean(), verificationDigest: z.string() })

interface Verification {
  checks: CheckResult[]
  failed: string[]
}

/**
 * Looks at what was committed, in a session of its own. A failure is an outcome and no stop: it takes the run to the gate at
 * which the rollback is decided, with a plan for that.
 */
export function verifyMigration(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'verify_migration',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const database = await openMigratedDatabase(world, context, given, identity)
      const { verification, catalogue } = await verify(database, context, bundle, {
        rehearsal,
        rehearsed: await readJsonEvidence<Catalogue>(context, given.rehearsedDigest),
        aloneFailed: given.aloneFailed,
      })
      const evidence = jsonEvidence('verification', verification)
      const { summary } = describeChecks(verification.checks)
      if (verification.failed.length === 0) {
        const facts = {
          verified: true,
          verificationDigest: evidence.digest,
          report: { verification: summary },
        }
        return { output: facts, evidence: [evidence] }
      }
      const rollback = jsonEvidence(
        'plan/SG2',
        planMigrationRollback({
          machineVersion: context.version,
          mode: context.mode,
          bundle,
          identity,
          committed: catalogue,
          rehearsal,
          failed: verification.failed,
        }),
      )
      const committed = jsonEvidence('catalogue/committed', catalogue)
      return {
        output: {
          verified: false,
          verificationDigest: evidence.digest,
          planDigest: rollback.digest,
          committedDigest: committed.digest,
          report: {
            verification: summary,
            verificationFailed: verification.failed.slice(0, 20),
            standsAs: 'the migration is committed and its verification failed',
          },
        },
        evidence: [evidence, rollback, committed],
      }
    },
  }
}

/** Where what was migrated is: the target in a live run, the rehearsed copy in a dry one. */
export async function openMigratedDatabase(
  world: MigrateDeps,
  { mode }: Pick<EffectContext, 'mode'>,
  { target, copy }: { target: string; copy: RehearsalDatabaseRef },
  { role }: ServerIdentity,
): Promise<MigrationDatabase> {
  return mode === 'live' ? world.database(target) : world.copies.open(copy, role)
}

async function verify(
  database: MigrationDatabase,
  context: EffectContext,
  bundle: MigrationBundle,
  {
    rehearsal: { total, touches },
    rehearsed,
    aloneFailed,
  }: { rehearsal: RehearsalResult; rehearsed: Catalogue; aloneFailed: string | null },
): Promise<{ verification: Verification; catalogue: Catalogue }> {
  const failed: string[] = aloneFailed === null ? [] : [aloneFailed]
  const { checks, catalogue } = await database.read(context, async (sql) => {
    const results = await runChecks(sql, bundle.verify)
    for (const one of bundle.distributions) {
      const asked = await queryDistribution(sql, one)
      const rehearsed = total.distributions.filter(({ name }) => name === one.name)
      failed.push(...('refused' in asked ? [asked.refused] : compareDistributions(rehearsed, [asked])))
    }
    return { checks: results, catalogue: await readCatalogue(sql) }
  })
  failed.push(...describeChecks(checks).failed)
  const others = compareSchemas(scopeCatalogue(touches, rehearsed), scopeCatalogue(touches, catalogue))
  failed.push(...describeSchemaDifference(others).map((line) => `unlike the rehearsal: ${line}`))
  return { verification: { checks, failed }, catalogue }
}
