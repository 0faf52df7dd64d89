import { Stop } from '../../domain/errors.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import { allParts, type ScriptPart } from '../../migration/script-parts.ts'
import { limitsOf } from './bundle-limits.ts'
import type { MeasuredStatement } from './measure-statements.ts'
import { bundleForPart } from './part-outcome.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { PartOutcome } from './rehearsal-result.ts'
import { type Rehearsed, rehearseParts } from './rehearse-parts.ts'
import { NO_BATCH, repeatBatches, runBatch } from './run-batches.ts'
import { runGuarded } from './run-guarded.ts'
import { runScript } from './run-script.ts'
import { readSharedObjects } from './shared-objects.ts'

/**
 * Tries a rollback that has statements outside of a transaction. No transaction could undo it, so the migration is applied again afterwards, and
 * the rehearsal database is the migrated one as before.
 * @param migrated the catalogue of the rehearsal database
 * @throws STOP_MIGRATION_FAILED when the rollback fails, or the migration can't be applied again after it
 */
export async function rehearseRollbackParts(
  given: Rehearsed,
  parts: ScriptPart[],
  migrated: Catalogue,
): Promise<{ after: Catalogue; touched: string[]; outcomes: PartOutcome[]; measured: MeasuredStatement[] }> {
  const { database, context, bundle } = given
  const { outcomes, measured } = await rehearseParts(
    { ...given, bundle: bundleForPart(bundle, {}), proposes: false, what: 'rollback' },
    parts,
  )
  const after = await database.read(context, readCatalogue)
  await migrateAgain(given)
  const again = await database.read(context, readCatalogue)
  if (again.digest !== migrated.digest) throw notAgainError('its result is another schema')
  return { after, touched: outcomes.flatMap(({ touched }) => touched), outcomes, measured }
}

async function migrateAgain(given: Rehearsed): Promise<void> {
  const { script, alone, parts } = given.bundle
  const plain: ScriptPart[] = [
    { how: 'transaction', numbers: [], line: 1, text: script },
    ...alone.map((one) => ({ how: 'alone' as const, ...one })),
  ]
  try {
    for (const part of parts === undefined ? plain : allParts(parts)) await runAgain(given, part)
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    throw notAgainError(error.message)
  }
}

async function runAgain({ database, context, bundle: { spec } }: Rehearsed, part: ScriptPart): Promise<void> {
  const limits = limitsOf(spec)
  const committed = () => database.read(context, readSharedObjects)
  if (part.how === 'alone')
    await database.session(context, limits, (sql) => runScript(sql, part.text, 'statement'))
  else if (part.how === 'transaction')
    await database.transaction(context, limits, (sql) =>
      runGuarded(sql, part.text, 'script', committed, part.line),
    )
  else
    await repeatBatches({ ...part, pauseSeconds: 0 }, { from: NO_BATCH, signal: context.signal }, (before) =>
      database.transaction(
        context,
        limits,
        async (sql) => (await runBatch(sql, part, before, committed)).progress,
      ),
    )
}

const notAgainError = (why: string) =>
  new Stop(
    'STOP_MIGRATION_FAILED',
    `the rollback has statements outside of a transaction, so it was tried for real, and the migration can’t be applied again after it: ${why}`,
    { next: 'let the rollback remove everything that the script makes, or write it without such statements' },
  )
