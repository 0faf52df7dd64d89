import { z } from 'zod'
import { type EffectContext, type ReadEffect, withUnsavedEvidence } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { assertChecksPass } from '../apply-in-transaction.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { runChecks } from '../migration-checks.ts'
import { planMigrationRollback } from '../plan.ts'
import { readCatalogue } from '../read-catalogue.ts'
import { readServerIdentity } from '../server-identity.ts'
import { backup, restoreTest } from './backup.ts'
import { readMigrationBundle } from './bundle-pin.ts'
import { preflight } from './preflight.ts'
import { type RehearsalResult, rehearse } from './rehearse.ts'
import { assertSameIdentity } from './server-identify.ts'
import { openMigratedDatabase } from './verify-migration.ts'

const input = z.object({
  bundle: z.string(),
  target: z.string(),
  planDigest: z.string(),
  bundleDigest: z.string(),
  lintDigest: z.string(),
  identityDigest: z.string(),
  profileDigest: z.string(),
  place: z.string(),
  catalogueDigest: z.string(),
  rehearsalDigest: z.string(),
})
const output = z.looseObject({ planDigest: z.string() })

/**
 * The last check at SG1. Bundle, server and preflight must be as they were, or the approval waits until they are again. Another
 * schema is drift: the run backs up, restores, rehearses and plans anew, and falls back to its gate with the new plan.
 */
export function recheckMigration(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'recheck_migration',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const pinned = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      refuseOtherBundle(pinned, await readMigrationBundle(world, given.bundle))
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const database = await world.database(given.target)
      assertSameIdentity(identity, await database.read(context, readServerIdentity))
      const { touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const planned = scopeCatalogue(
        touches,
        await readJsonEvidence<Catalogue>(context, given.catalogueDigest),
      )
      const { results, found } = await database.read(context, async (sql) => ({
        results: await runChecks(sql, pinned.preflight),
        found: scopeCatalogue(touches, await readCatalogue(sql)),
      }))
      assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', results)
      if (found.digest === planned.digest)
        return { output: { planDigest: given.planDigest, report: { recheck: null } } }
      return planAnew(world, context, given, describeSchemaDifference(compareSchemas(planned, found)))
    },
  }
}

/** The pinned bytes are what would be applied; a folder that holds others says that somebody means something else. */
function refuseOtherBundle(pinned: MigrationBundle, now: MigrationBundle): void {
  const names = [...new Set([...Object.keys(pinned.digests), ...Object.keys(now.digests)])]
  const other = names.filter((name) => pinned.digests[name] !== now.digests[name])
  if (other.length === 0) return
  throw new Stop(
    'STOP_SOURCE_CHANGED',
    `the bundle’s folder no longer holds what was planned: ${other.join(', ')}`,
    {
      next: 'put the files back and bring the same approval again, or cancel this run and start another',
    },
  )
}

async function planAnew(
  world: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
  differences: string[],
) {
  const made: Evidence[] = []
  const reports: { [name: string]: Json } = {}
  let facts: { [name: string]: Json } = given
  for (const effect of [backup(world), restoreTest(world), rehearse(world), preflight(world)]) {
    const result = await effect.execute(
      withUnsavedEvidence(context, made),
      effect.input.parse(facts) as never,
    )
    const { report, ...found } = result.output as unknown as {
      report: { [name: string]: Json }
    } & typeof facts
    made.push(...(result.evidence ?? []))
    facts = { ...facts, ...found }
    Object.assign(reports, report)
  }
  const message = `the schema changed: ${differences.slice(0, 5).join('; ')}`
  const { bundle: _, ...learned } = facts
  return {
    output: {
      ...learned,
      planDigest: facts.planDigest as string,
      report: { ...reports, recheck: { message, differences: differences.slice(0, 100) } },
    },
    evidence: made,
  }
}

const rollbackInput = z.object({
  target: z.string(),
  planDigest: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  rehearsalDigest: z.string(),
  committedDigest: z.string(),
  copy: z.object({ place: z.string(), database: z.string() }),
})

/** The last check at SG2: the schema is still the one that the plan of the rollback was made for. */
export function recheckRollback(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof rollbackInput>, z.infer<typeof output>> {
  return {
    name: 'recheck_rollback',
    kind: 'read',
    input: rollbackInput,
    output,
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const database = await openMigratedDatabase(world, context, given, identity)
      const { found, here } = await database.read(context, async (sql) => ({
        here: await readServerIdentity(sql),
        found: await readCatalogue(sql),
      }))
      if (context.mode === 'live') assertSameIdentity(identity, here)
      const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const scoped = (catalogue: Catalogue) => scopeCatalogue(rehearsal.touches, catalogue)
      const planned = scoped(await readJsonEvidence<Catalogue>(context, given.committedDigest))
      if (scoped(found).digest === planned.digest)
        return { output: { planDigest: given.planDigest, report: { recheck: null } } }
      const differences = describeSchemaDifference(compareSchemas(planned, scoped(found)))
      const before = await readJsonEvidence<{ because: string[] }>(context, given.planDigest)
      const plan = jsonEvidence(
        'plan/SG2',
        planMigrationRollback({
          machineVersion: context.version,
          mode: context.mode,
          bundle,
          identity,
          committed: found,
          rehearsal,
          failed: before.because,
        }),
      )
      const committed = jsonEvidence('catalogue/committed', found)
      return {
        output: {
          planDigest: plan.digest,
          committedDigest: committed.digest,
          report: {
            recheck: { message: differences.slice(0, 5).join('; '), differences } as unknown as Json,
          },
        },
        evidence: [plan, committed],
      }
    },
  }
}
