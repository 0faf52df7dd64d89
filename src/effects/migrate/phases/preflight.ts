import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { SquawkReport } from '../../../targets/system/squawk.ts'
import { assertChecksPass } from '../apply-in-transaction.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { describeChecks, runChecks } from '../migration-checks.ts'
import { planMigration } from '../plan.ts'
import { readCatalogue } from '../read-catalogue.ts'
import { readServerIdentity } from '../server-identity.ts'
import type { RehearsalResult } from './rehearse.ts'
import { assertSameIdentity } from './server-identify.ts'

export const planningInput = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
  lintDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string(), migrationPlanDigest: z.string() })

/** Every named check on the target itself, in a read-only session; then the plan, of which all parts are now known. */
export function preflight(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof planningInput>, z.infer<typeof output>> {
  return {
    name: 'preflight',
    kind: 'read',
    input: planningInput,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const catalogue = scopeCatalogue(
        rehearsal.touches,
        await readJsonEvidence<Catalogue>(context, given.catalogueDigest),
      )
      const database = await world.database(given.target)
      assertSameIdentity(identity, await database.read(context, readServerIdentity))
      const { results, found } = await database.read(context, async (sql) => ({
        results: await runChecks(sql, bundle.preflight),
        found: scopeCatalogue(rehearsal.touches, await readCatalogue(sql)),
      }))
      assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', results)
      refuseOtherSchema(catalogue, found)
      const plan = planMigration({
        machineVersion: context.version,
        mode: context.mode,
        bundle,
        identity,
        catalogue,
        rehearsal,
        lint: await readJsonEvidence<SquawkReport>(context, given.lintDigest),
      })
      const [planned, checked] = [jsonEvidence('plan/SG1', plan), jsonEvidence('preflight', results)]
      return {
        output: {
          planDigest: planned.digest,
          migrationPlanDigest: planned.digest,
          preflightDigest: checked.digest,
          report: { preflight: describeChecks(results).summary },
        },
        evidence: [planned, checked],
      }
    },
  }
}

/** Others changed the schema while this run backed up and rehearsed: what was rehearsed is not what is there. */
function refuseOtherSchema(expected: Catalogue, found: Catalogue): void {
  if (expected.digest === found.digest) return
  const lines = describeSchemaDifference(compareSchemas(expected, found))
  throw new Stop(
    'STOP_DRIFT',
    `the schema changed since the backup was taken: ${lines.slice(0, 5).join('; ')}; nothing was touched`,
    {
      next: 'start another run when nobody else changes the schema',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
