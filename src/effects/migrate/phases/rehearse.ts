import { z } from 'zod'
import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef, SourceProfile } from '../../../targets/postgres/rehearsal-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { MigrateDeps } from '../deps.ts'
import { explainDenied } from '../explain-denied.ts'
import { describeChecks } from '../migration-checks.ts'
import { rehearseMigration } from '../rehearse-migration.ts'
import { rehearsalDatabaseRef } from '../restore-backup.ts'
import { findScriptError } from '../run-script.ts'
import { restoreForRehearsal, restoreTestInput } from './restore-test.ts'

const input = restoreTestInput.extend({ copy: rehearsalDatabaseRef })

/** Applies the migration to the rehearsal database, with the same calls as on the target, and commits it there. */
export function rehearse(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'rehearse',
    input,
    output: z.looseObject({
      rehearsalDigest: z.string(),
      rehearsedDigest: z.string(),
      copy: rehearsalDatabaseRef,
    }),
    async execute(context, given) {
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const { role } = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      const copy = await claimRehearsalDatabase(deps, context, given)
      const database = await deps.rehearsalDatabases.open(copy, role)
      context.progress(`rehearsing on ${database.name}`)
      const profile = await readJsonEvidence<SourceProfile>(context, given.profileDigest)
      const { rehearsal, after } = await asRehearsalFailure(() =>
        explainDenied(
          { database, context, bundle, source: catalogue, place: copy.place, role, profile },
          () => rehearseMigration(database, context, bundle, catalogue),
        ),
      )
      const evidence = jsonEvidence('rehearsal', rehearsal)
      const rehearsed = jsonEvidence('catalogue/rehearsed', after)
      const { schema, rows } = rehearsal.total
      return {
        output: {
          rehearsalDigest: evidence.digest,
          rehearsedDigest: rehearsed.digest,
          copy,
          report: {
            rehearsal: {
              copy: copy.database,
              added: schema.added.length,
              removed: schema.removed.length,
              changed: schema.changed.length,
              rows: rows as unknown as Json,
              verify: describeChecks(rehearsal.verify).summary,
            },
          },
        },
        evidence: [evidence, rehearsed],
      }
    },
  })
}

/** A rehearsal needs a freshly restored database. When an earlier attempt has used it, the backup is restored into another one. */
async function claimRehearsalDatabase(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof input>,
): Promise<RehearsalDatabaseRef> {
  const wasUsed = await deps.rehearsalDatabases.markUsed(given.copy, context)
  if (!wasUsed) return given.copy
  const { copy } = (await restoreForRehearsal(deps, context, given)).output
  await deps.rehearsalDatabases.markUsed(copy, context)
  return copy
}

const FAILURES = ['STOP_MIGRATION_FAILED', 'STOP_RESULT_DIFFERS', 'STOP_VERIFICATION_FAILED']

/** Turns the stops of a failed migration into STOP_REHEARSAL_FAILED. Other errors are rethrown. */
export async function asRehearsalFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failed = error instanceof Stop ? error : findScriptError(error as Error)
    if (failed === null || !FAILURES.includes(failed.facts.code)) throw error
    const { next = 'correct the migration bundle and start another run', data } = failed.facts
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `the rehearsal failed: ${failed.message}; the target was not changed`,
      {
        next: `${next}; the rehearsal database remains for inspection: cutter rehearsal list`,
        ...(data === undefined ? {} : { data }),
        cause: error,
      },
    )
  }
}
