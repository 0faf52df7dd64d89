import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { backUpDatabase, reportBackup } from '../back-up-database.ts'
import type { MigrateDeps } from '../deps.ts'
import { ensureRehearsed, migratedFacts } from '../open-migrated-database.ts'
import { proveRestorable } from '../restore-backup.ts'
import { readServerIdentity } from '../server-identity.ts'

/** After the migration: backs up the new state, which the first backup does not hold, then restores and compares it. */
export function secondBackup(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'second_backup',
    input: z.object(migratedFacts),
    output: z.looseObject({ secondBackupDigest: z.string() }),
    async execute(context, given) {
      const live = context.mode === 'live'
      if (!live) await ensureRehearsed(deps, context, given)
      const database = live
        ? await deps.openDatabase(given.target)
        : await deps.rehearsalDatabases.open(given.copy)
      const source = { database, identity: await database.read(context, readServerIdentity) }
      const taken = await backUpDatabase(deps, context, database, given, 'after')
      await proveRestorable(deps, context, given, { ...taken, source })
      const holds = live ? 'the migrated state' : 'the migrated state of the rehearsal database'
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
