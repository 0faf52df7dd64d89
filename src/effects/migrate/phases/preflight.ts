import { z } from 'zod'
import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type Catalogue, scopeCatalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { SquawkReport } from '../../../targets/system/squawk.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { askPreflight } from '../ask-preflight.ts'
import type { MigrateDeps } from '../deps.ts'
import { assertChecksPass, describeChecks } from '../migration-checks.ts'
import { hasHistory } from '../migration-history.ts'
import { planMigration } from '../plan.ts'
import { COPY_ONLY } from '../planned-checks.ts'
import { readPlannedRestore } from '../planned-restore.ts'
import { readScoped } from '../read-scoped.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { assertSameSchema } from '../schema-drift.ts'
import { assertSameIdentity, readServerIdentity, serverMajorVersion } from '../server-identity.ts'
import { type ComparedSnapshot, committedUpTo } from '../snapshot-backup.ts'

/** Asks the target the preflight checks that only read, in a read-only session, and makes the plan. */
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
      restoredDigest: z.string().optional(),
      committedUpTo: committedUpTo.optional(),
    }),
    output: z.looseObject({ planDigest: z.string(), migrationPlanDigest: z.string() }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const backedUp = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const catalogue = scopeCatalogue(rehearsal.touches, backedUp)
      await assertAsRehearsed(deps, context, given.target, { identity, backedUp, rehearsal })
      const asked = await askPreflight(deps, context, { target: given.target, identity, bundle, rehearsal })
      assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', asked.results)
      const bySnapshot = given.committedUpTo !== undefined && given.restoredDigest !== undefined
      const snapshot = bySnapshot
        ? await readJsonEvidence<ComparedSnapshot>(context, given.restoredDigest!)
        : null
      const tools = bySnapshot ? [] : await deps.dumps.configuredTools(context, serverMajorVersion(identity))
      const database = await deps.openDatabase(given.target)
      const history = await database.read(context, hasHistory)
      const lint = await readJsonEvidence<SquawkReport>(context, given.lintDigest)
      const { version: machineVersion, mode } = context
      const plan = jsonEvidence(
        'plan/SG1',
        planMigration({
          ...{ machineVersion, mode, bundle, identity, catalogue, rehearsal, asked, lint, tools },
          history,
          snapshot,
          restore: await readPlannedRestore(context, given.restoredDigest),
        }),
      )
      const checked = jsonEvidence('preflight', asked.results)
      return {
        output: {
          planDigest: plan.digest,
          migrationPlanDigest: plan.digest,
          preflightDigest: checked.digest,
          report: {
            preflight: describeChecks(asked.results).summary,
            seenOnCopyOnly: asked.planned.filter(({ asked: how }) => how === COPY_ONLY).length,
          },
        },
        evidence: [plan, checked],
      }
    },
  })
}

/**
 * Checks the target before it is asked anything of the migration bundle. What a check reaches was found out on the rehearsal
 * database, so the schema that checks read must be the same as well.
 * @throws STOP_TARGET_REFUSED when another server answers
 * @throws STOP_DRIFT when the schema changed
 */
async function assertAsRehearsed(
  deps: MigrateDeps,
  context: EffectContext,
  target: string,
  given: { identity: ServerIdentity; backedUp: Catalogue; rehearsal: RehearsalResult },
): Promise<void> {
  const database = await deps.openDatabase(target)
  assertSameIdentity(given.identity, await database.read(context, readServerIdentity))
  const { scope, catalogue } = await readScoped(database, context, given.rehearsal)
  const found = scopeCatalogue(scope, catalogue)
  assertSameSchema(scopeCatalogue(scope, given.backedUp), found, {
    changed: 'the schema changed since the backup was taken',
    kept: 'nothing was changed',
    next: 'start another run when nobody else changes the schema',
  })
}
