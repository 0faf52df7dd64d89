import { z } from 'zod'
import type { Effect, EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { MigrationDatabase } from '../../../targets/postgres/migration-database.ts'
import type { TableOfDump } from '../../../targets/postgres/rows-of-dump.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { backUpDatabase, reportBackup } from '../back-up-database.ts'
import type { MigrateDeps } from '../deps.ts'
import { ensureRehearsed, migratedFacts } from '../open-migrated-database.ts'
import type { PlannedRestore } from '../planned-restore.ts'
import type { RehearsalResult } from '../rehearsal-result.ts'
import { proveRestorable } from '../restore-backup.ts'
import { readServerIdentity } from '../server-identity.ts'
import { acceptSnapshot, committedUpTo, compareSnapshot } from '../snapshot-backup.ts'
import { describeHolding } from '../take-backup.ts'
import { findUnconcernedTables } from '../unconcerned-tables.ts'

/**
 * After the migration: backs up the new state, which the first backup does not hold, then restores and compares it. In a dry run the rows that
 * the migration does not concern were restored and compared a moment ago, so they are left out.
 */
export function secondBackup(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'second_backup',
    input: z.object({
      ...migratedFacts,
      rehearsalDigest: z.string().optional(),
      committedUpTo: committedUpTo.optional(),
    }),
    output: z.looseObject({ secondBackupDigest: z.string() }),
    async execute(context, given) {
      const live = context.mode === 'live'
      if (given.committedUpTo !== undefined)
        return live
          ? acceptMigrated(deps, context, { ...given, committedUpTo: given.committedUpTo })
          : withoutSecond()
      if (!live) await ensureRehearsed(deps, context, given)
      const database = live
        ? await deps.openDatabase(given.target)
        : await deps.rehearsalDatabases.open(given.copy)
      const source = { database, identity: await database.read(context, readServerIdentity) }
      const prove = async (without: TableOfDump[]) => {
        const made = await backUpDatabase(deps, context, database, given, 'after', without)
        const taken = { ...made, source }
        return withRestore(
          made,
          await withoutRules((accepted) => proveRestorable(deps, context, given, { ...taken, accepted })),
        )
      }
      const unconcerned = live ? [] : await readUnconcerned(context, database, given.rehearsalDigest)
      const taken = await prove(unconcerned).catch((error: unknown) => {
        context.signal.throwIfAborted()
        // Something may need the rows that were left out.
        if (error instanceof Stop && unconcerned.length > 0) return prove([])
        throw error
      })
      const state = live ? 'the migrated state' : describeTrial(taken.backup.without ?? [])
      const holds = describeHolding(state, taken.backup)
      return {
        output: {
          secondBackupDigest: taken.facts.backupDigest,
          report: { secondBackup: reportBackup(taken.backup, holds) },
        },
        evidence: taken.evidence,
      }
    },
  })
}

/**
 * The migration may have made a rule that rejects rows which are there. It is committed, so nobody can accept that in bundle.yaml any more. The
 * restored copy has such a rule for new rows alone, and the closeout names it.
 */
async function withoutRules<T extends object>(
  prove: (accepted: string[]) => Promise<T>,
): Promise<T & { withoutRules?: string[] }> {
  try {
    return await prove([])
  } catch (error) {
    const { deviations } = ((error instanceof Stop && error.facts.data) || {}) as { deviations?: string[] }
    if (deviations === undefined) throw error
    return { ...(await prove(deviations)), withoutRules: deviations }
  }
}

/** A backup with what its restore needed. */
function withRestore<T extends Awaited<ReturnType<typeof backUpDatabase>>>(
  made: T,
  { needs, withoutRules: without }: { needs?: PlannedRestore; withoutRules?: string[] },
): T {
  if (needs === undefined) return made
  const backup = {
    ...made.backup,
    restore: needs,
    ...(without === undefined ? {} : { withoutRules: without }),
  }
  const manifest = jsonEvidence('backup/after', backup)
  const [, ...others] = made.evidence
  return {
    ...made,
    backup,
    facts: { ...made.facts, backupDigest: manifest.digest },
    evidence: [manifest, ...others],
  }
}

/** A snapshot of the migrated target. */
async function acceptMigrated(
  deps: MigrateDeps,
  context: EffectContext,
  given: Parameters<typeof acceptSnapshot>[2],
) {
  const { output, evidence } = await acceptSnapshot(deps, context, given, 'after')
  const restored = jsonEvidence('restored/after', await compareSnapshot(deps, context, given.target))
  return {
    output: {
      secondBackupDigest: output.backupDigest,
      report: { secondBackup: output.report.backup },
    },
    evidence: [...evidence, restored],
  }
}

/** A trial of a backup would have to dump the instance, which a snapshot is to spare. */
function withoutSecond() {
  const none = 'none: a dry run changed the restored instance alone, which needs no backup'
  const evidence = jsonEvidence('backup/after', { none })
  return {
    output: { secondBackupDigest: evidence.digest, report: { secondBackup: none } },
    evidence: [evidence],
  }
}

/** The tables that the rehearsed migration does not concern; none where the facts name no rehearsal. */
async function readUnconcerned(
  context: EffectContext,
  database: MigrationDatabase,
  rehearsalDigest: string | undefined,
): Promise<TableOfDump[]> {
  if (rehearsalDigest === undefined) return []
  const { touches, total } = await readJsonEvidence<RehearsalResult>(context, rehearsalDigest)
  return database.read(context, (sql) => findUnconcernedTables(sql, { touches, schema: total.schema }))
}

const describeTrial = (left: string[]) =>
  `the migrated state of the rehearsal database${left.length === 0 ? '' : `, without the rows of ${left.length} tables that the migration does not concern`}`
