import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { MigrateDeps } from '../deps.ts'
import { migratedFacts, openMigratedDatabase } from '../open-migrated-database.ts'
import { planMigrationRollback } from '../plan.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'

const input = z.object({
  ...migratedFacts,
  planDigest: z.string(),
  rehearsalDigest: z.string(),
  committedDigest: z.string(),
})

/** The last check at gate SG2: the schema must be the one for which the rollback was planned, or the run plans it again. */
export function recheckRollback(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'recheck_rollback',
    input,
    output: z.looseObject({ planDigest: z.string() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const database = await openMigratedDatabase(deps, context, given)
      const { found, server } = await database.read(context, async (sql) => ({
        server: await readServerIdentity(sql),
        found: await readCatalogue(sql),
      }))
      const { version: machineVersion, mode } = context
      if (mode === 'live') assertSameIdentity(identity, server)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const scoped = (catalogue: Catalogue) => scopeCatalogue(rehearsal.touches, catalogue)
      const planned = scoped(await readJsonEvidence<Catalogue>(context, given.committedDigest))
      if (scoped(found).digest === planned.digest)
        return { output: { planDigest: given.planDigest, report: { recheck: null } } }
      const differences = describeSchemaDifference(compareSchemas(planned, scoped(found)))
      const { because: failed } = await readJsonEvidence<{ because: string[] }>(context, given.planDigest)
      const plan = jsonEvidence(
        'plan/SG2',
        planMigrationRollback({
          machineVersion,
          mode,
          bundle,
          identity,
          committed: found,
          rehearsal,
          failed,
        }),
      )
      const committed = jsonEvidence('catalogue/committed', found)
      return {
        output: {
          planDigest: plan.digest,
          committedDigest: committed.digest,
          report: { recheck: { message: differences.slice(0, 5).join('; '), differences } },
        },
        evidence: [plan, committed],
      }
    },
  })
}
