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
import { acceptSnapshot, compareSnapshot, isSnapshot, type SnapshotBackup } from '../snapshot-backup.ts'
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
    output: z.looseObject({
      copy: rehearsalDatabaseRef,
      backupComparedAt: z.string(),
      restoredDigest: z.string(),
    }),
    execute: (context, given) => restoreForRehearsal(deps, context, given),
  })
}

/** The work of the phase, which `rehearse` repeats when its rehearsal database was used before. */
export async function restoreForRehearsal(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof restoreTestInput>,
): Promise<EffectResult<Restored>> {
  const taken = await readJsonEvidence<Backup | SnapshotBackup>(context, given.backupDigest)
  if (isSnapshot(taken)) return testInstance(deps, context, given, taken)
  const copy = { place: given.place, database: rehearsalDatabaseName('rehearsal', context) }
  const catalogue = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
  const compared = await restoreBackup(deps, context, given, { backup: taken, catalogue }, copy).catch(
    async (error: unknown) => {
      // Nothing was rehearsed there, and the next attempt uses another name.
      await deps.rehearsalDatabases.drop(copy).catch(() => undefined)
      throw error
    },
  )
  return resultOf(context, copy, { ...compared })
}

type Restored = {
  copy: RehearsalDatabaseRef
  backupComparedAt: string
  restoredDigest: string
  report: Json
}

function resultOf(
  context: EffectContext,
  copy: RehearsalDatabaseRef,
  compared: { [key: string]: Json },
): EffectResult<Restored> {
  const evidence = jsonEvidence('restored', { copy, ...compared })
  return {
    output: {
      copy,
      backupComparedAt: context.now().toISOString(),
      restoredDigest: evidence.digest,
      report: { restored: { ...copy, ...compared } },
    },
    evidence: [evidence],
  }
}

/** The provider restored the backup already. The instance is looked at again, because a rehearsal may have changed it since. */
async function testInstance(
  deps: MigrateDeps,
  context: EffectContext,
  given: z.infer<typeof restoreTestInput>,
  { snapshot }: SnapshotBackup,
): Promise<EffectResult<Restored>> {
  const { takenAfter: committedUpTo, database } = snapshot
  await acceptSnapshot(deps, context, { ...given, committedUpTo }, 'before')
  const compared = await compareSnapshot(deps, context, given.target)
  return resultOf(context, { place: given.place, database }, { ...compared })
}
