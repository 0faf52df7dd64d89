import { z } from 'zod'
import type { ReadEffect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { type Catalogue, schemaDifference, schemaWords, scopedTo } from '../../migration/catalogue.ts'
import type { PinnedBundle } from '../../migration/lint.ts'
import type { ServerIdentity } from '../../targets/migration-database.ts'
import type { SquawkReport } from '../../targets/squawk.ts'
import { checkWords, runChecks } from './checks.ts'
import { identityWithin } from './identity.ts'
import { planMigration } from './plan.ts'
import { refuseFailed } from './procedure.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { Rehearsal } from './rehearse.ts'
import { refuseOtherIdentity } from './server-identify.ts'
import { jsonOf, type MigrateWorld } from './world.ts'

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
  world: MigrateWorld,
): ReadEffect<z.infer<typeof planningInput>, z.infer<typeof output>> {
  return {
    name: 'preflight',
    kind: 'read',
    input: planningInput,
    output,
    async execute(context, given) {
      const bundle = await jsonOf<PinnedBundle>(context, given.bundleDigest)
      const identity = await jsonOf<ServerIdentity>(context, given.identityDigest)
      const rehearsal = await jsonOf<Rehearsal>(context, given.rehearsalDigest)
      const catalogue = scopedTo(rehearsal.touches, await jsonOf<Catalogue>(context, given.catalogueDigest))
      const database = await world.database(given.target)
      refuseOtherIdentity(identity, await database.read(context, identityWithin))
      const { results, found } = await database.read(context, async (sql) => ({
        results: await runChecks(sql, bundle.preflight),
        found: scopedTo(rehearsal.touches, await readCatalogue(sql)),
      }))
      refuseFailed('STOP_PREFLIGHT_FAILED', 'preflight', results)
      refuseOtherSchema(catalogue, found)
      const plan = planMigration({
        machineVersion: context.version,
        mode: context.mode,
        bundle,
        identity,
        catalogue,
        rehearsal,
        lint: await jsonOf<SquawkReport>(context, given.lintDigest),
      })
      const [planned, checked] = [jsonEvidence('plan/SG1', plan), jsonEvidence('preflight', results)]
      return {
        output: {
          planDigest: planned.digest,
          migrationPlanDigest: planned.digest,
          preflightDigest: checked.digest,
          report: { preflight: checkWords(results).summary },
        },
        evidence: [planned, checked],
      }
    },
  }
}

/** Others changed the schema while this run backed up and rehearsed: what was rehearsed is not what is there. */
function refuseOtherSchema(expected: Catalogue, found: Catalogue): void {
  if (expected.digest === found.digest) return
  const lines = schemaWords(schemaDifference(expected, found))
  throw new Stop(
    'STOP_DRIFT',
    `the schema changed since the backup was taken: ${lines.slice(0, 5).join('; ')}; nothing was touched`,
    {
      next: 'start another run when nobody else changes the schema',
      data: { differences: lines.slice(0, 100) },
    },
  )
}
