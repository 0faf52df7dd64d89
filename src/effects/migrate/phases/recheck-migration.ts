import { z } from 'zod'
import { type Effect, type EffectContext, withUnsavedEvidence } from '../../../domain/effect.ts'
import type { Evidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  scopeCatalogue,
} from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ConfiguredTool } from '../../../targets/postgres/database-dumps.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { askPreflightAgain } from '../ask-preflight.ts'
import type { MigrateDeps } from '../deps.ts'
import { assertChecksPass } from '../migration-checks.ts'
import type { PlannedCheck } from '../planned-checks.ts'
import { assertSameBundle, readMigrationBundle } from '../read-migration-bundle.ts'
import { readScoped } from '../read-scoped.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { assertSameIdentity, readServerIdentity, serverMajorVersion } from '../server-identity.ts'
import { committedUpTo, readTargetNow } from '../snapshot-backup.ts'
import { backup } from './backup.ts'
import { preflight } from './preflight.ts'
import { rehearse } from './rehearse.ts'
import { restoreTest } from './restore-test.ts'

type Facts = { [name: string]: Json }

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
  committedUpTo: committedUpTo.optional(),
})

/**
 * The last check at gate SG1. Migration bundle, server and preflight must be as planned, or the approval waits until they are.
 * Another schema, or other programs for backups, is drift: the run backs up, restores, rehearses and plans again, and returns to the gate with the new plan.
 */
export function recheckMigration(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'recheck_migration',
    input,
    output: z.looseObject({ planDigest: z.string(), committedUpTo: committedUpTo.optional() }),
    look: async (context, given) => (await findDrift(deps, context, given))?.differences ?? [],
    async execute(context, given) {
      const drift = await findDrift(deps, context, given)
      if (drift !== null) return planAgain(deps, context, given, drift)
      // A backup that is taken again counts from here on.
      const since =
        given.committedUpTo === undefined
          ? {}
          : { committedUpTo: await readTargetNow(deps, context, given.target) }
      return { output: { planDigest: given.planDigest, ...since, report: { recheck: null } } }
    },
  })
}

/**
 * What differs from the plan now, by reads alone. Null where the approved plan still fits.
 * @throws Stop when the approval waits: for another migration bundle, another server, or a preflight check that does not pass
 */
async function findDrift(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<{ changed: string; differences: string[] } | null> {
  const pinned = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  assertSameBundle(pinned, await readMigrationBundle(deps, given.bundle))
  const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
  const database = await deps.openDatabase(given.target)
  assertSameIdentity(identity, await database.read(context, readServerIdentity))
  const rehearsal = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
  const { scope, catalogue } = await readScoped(database, context, rehearsal)
  const backedUp = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
  const planned = scopeCatalogue(scope, backedUp)
  const found = scopeCatalogue(scope, catalogue)
  if (found.digest !== planned.digest)
    return {
      changed: 'the schema',
      differences: describeSchemaDifference(compareSchemas(planned, found)),
    }
  const { checksOnTarget = [], tools = [] } = await readJsonEvidence<Planned>(context, given.planDigest)
  const configured = await deps.dumps.configuredTools(context, serverMajorVersion(identity))
  const differences = describeToolDifferences(tools, configured)
  if (differences.length > 0) return { changed: 'the program of backups', differences }
  const results = await askPreflightAgain(deps, context, {
    target: given.target,
    identity,
    bundle: pinned,
    planned: checksOnTarget,
    reaches: rehearsal.reaches,
  })
  assertChecksPass('STOP_PREFLIGHT_FAILED', 'preflight', results)
  return null
}

/** The parts of a plan that are compared or asked again. Plans of earlier versions have none of them. */
interface Planned {
  checksOnTarget?: PlannedCheck[]
  tools?: ConfiguredTool[]
}

function describeToolDifferences(planned: ConfiguredTool[], found: ConfiguredTool[]): string[] {
  const commandOf = (tools: ConfiguredTool[], id: string) => {
    const tool = tools.find((one) => one.id === id)
    return tool === undefined ? 'the one of a trusted folder' : JSON.stringify(tool.argv)
  }
  return ['pgDump', 'pgRestore'].flatMap((id) => {
    const [was, is] = [commandOf(planned, id), commandOf(found, id)]
    return was === is ? [] : [`${id} was ${was} and is ${is}`]
  })
}

/** Repeats the phases from the backup to the plan, each with the facts and the evidence of those before it. */
async function planAgain(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
  { changed, differences }: { changed: string; differences: string[] },
) {
  const made: Evidence[] = []
  const reports: Facts = {}
  let facts = given as Facts
  for (const phase of [backup(deps), restoreTest(deps), rehearse(deps), preflight(deps)]) {
    const result = await phase.execute(withUnsavedEvidence(context, made), phase.input.parse(facts))
    const { report, ...found } = result.output as { report: Facts } & Facts
    made.push(...(result.evidence ?? []))
    facts = { ...facts, ...found }
    Object.assign(reports, report)
  }
  const message = `${changed} changed: ${differences.slice(0, 5).join('; ')}`
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
