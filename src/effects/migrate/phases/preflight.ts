import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type Catalogue, scopeCatalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { SquawkReport } from '../../../targets/system/squawk.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { MigrateDeps } from '../deps.ts'
import { assertChecksPass, describeChecks, runChecks } from '../migration-checks.ts'
import { planMigration } from '../plan.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { assertSameSchema } from '../schema-drift.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'

/** Runs every preflight check on the target itself, in a read-only session, and makes the plan. */
export function preflight(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'preflight',
    input: z.object({
      target: z.string(),
      bundleDigest: z.string(),
      identityDigest: z.string(),
      catalogueDigest: z.string(),
      rehearsalDigest: z.string(),
      lintDigest: z.string(),
    }),
    output: z.looseObject({ planDigest: z.string(), migrationPlanDigest: z.string() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const backedUp = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const catalogue = scopeCatalogue(rehearsal.touches, backedUp)
      const database = await deps.openDatabase(given.target)
      assertSameIdentity(identity, await database.read(context, readServerIdentity))
      const { results, found } = await database.read(context, async (sql) => ({
        results: await runChecks(sql, bundle.preflight),
        found: scopeCatalogue(rehearsal.touches, await readCatalogue(sql)),
      }))
      assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', results)
      assertSameSchema(catalogue, found, {
        changed: 'the schema changed since the backup was taken',
        kept: 'nothing was changed',
        next: 'start another run when nobody else changes the schema',
      })
      const lint = await readJsonEvidence<SquawkReport>(context, given.lintDigest)
      const { version: machineVersion, mode } = context
      const plan = jsonEvidence(
        'plan/SG1',
        planMigration({ machineVersion, mode, bundle, identity, catalogue, rehearsal, lint }),
      )
      const checked = jsonEvidence('preflight', results)
      return {
        output: {
          planDigest: plan.digest,
          migrationPlanDigest: plan.digest,
          preflightDigest: checked.digest,
          report: { preflight: describeChecks(results).summary },
        },
        evidence: [plan, checked],
      }
    },
  })
}
