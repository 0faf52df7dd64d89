import { z } from 'zod'
import type { Effect, EffectContext, EffectResult } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { RehearsalDatabaseRef } from '../../../targets/postgres/rehearsal-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import type { MigrateDeps } from '../deps.ts'
import {
  rehearsalDatabaseName,
  rehearsalDatabaseRef,
  restoreBackup,
  restoreFacts,
} from '../restore-backup.ts'
import type { Backup } from '../take-backup.ts'

/** The facts of the run that the phase needs. */
export const restoreTestInput = z.object({
  ...restoreFacts,
  backupDigest: z.string(),
  catalogueDigest: z.string(),
})

/** Restores the backup into the rehearsal database, and compares it with what was backed up. */
export function restoreTest(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'restore_test',
    input: restoreTestInput,
    output: z.looseObject({ copy: rehearsalDatabaseRef, backupComparedAt: z.string() }),
    execute: (context, given) => restoreForRehearsal(deps, context, given),
  })
}

/** The work of the phase, which `rehearse` repeats when its rehearsal database was used before. */
export async function restoreForRehearsal(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof restoreTestInput>,
): Promise<EffectResult<{ copy: RehearsalDatabaseRef; backupComparedAt: string; report: Json }>> {
  const copy = { place: given.place, database: rehearsalDatabaseName('rehearsal', context) }
  const backup = await readJsonEvidence<Backup>(context, given.backupDigest)
  const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
  const compared = await restoreBackup(deps, context, given, { backup, catalogue }, copy).catch(
    async (error: unknown) => {
      // Nothing was rehearsed there, and the next attempt uses another name.
      await deps.rehearsalDatabases.drop(copy).catch(() => undefined)
      throw error
    },
  )
  return {
    output: {
      copy,
      backupComparedAt: context.now().toISOString(),
      report: { restored: { ...copy, ...compared } },
    },
    evidence: [jsonEvidence('restored', { copy, ...compared })],
  }
}
