import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { ageMinutes, backUpDatabase, reportBackup, takenAtOf } from '../back-up-database.ts'
import type { MigrateDeps } from '../deps.ts'
import { proveRestorable, restoreFacts } from '../restore-backup.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'
import { acceptSnapshot, committedUpTo, compareSnapshot, type SnapshotBackup } from '../snapshot-backup.ts'
import type { Backup } from '../take-backup.ts'

/** Between the approval and the migration: replaces a backup that is older than the plan allows, and restores the new one. */
export function refreshBackup(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'refresh_backup',
    input: z.object({
      ...restoreFacts,
      backupDigest: z.string(),
      catalogueDigest: z.string(),
      backupComparedAt: z.string().optional(),
      committedUpTo: committedUpTo.optional(),
    }),
    output: z.looseObject({
      backupDigest: z.string(),
      catalogueDigest: z.string(),
      backupTakenAt: z.string(),
    }),
    async execute(context, given) {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const present = await readJsonEvidence<Backup | SnapshotBackup>(context, given.backupDigest)
      const { backupDigest, catalogueDigest } = given
      if (ageMinutes(present, context, given.backupComparedAt) < spec.backupMaxAgeMinutes)
        return { output: { backupDigest, catalogueDigest, backupTakenAt: takenAtOf(present) } }
      if (given.committedUpTo !== undefined) {
        const accepted = await acceptSnapshot(
          deps,
          context,
          { ...given, committedUpTo: given.committedUpTo },
          'fresh',
        )
        const compared = await compareSnapshot(deps, context, given.target)
        const restored = jsonEvidence('restored/fresh', compared)
        return {
          output: {
            ...accepted.output,
            backupComparedAt: context.now().toISOString(),
            catalogueDigest,
            restoredDigest: restored.digest,
          },
          evidence: [...accepted.evidence, restored],
        }
      }
      const target = await deps.openDatabase(given.target)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      assertSameIdentity(identity, await target.read(context, readServerIdentity))
      const taken = await backUpDatabase(deps, context, target, given, 'fresh')
      await proveRestorable(deps, context, given, taken)
      const holds = 'the state before the migration, taken again after the approval'
      return {
        output: {
          ...taken.facts,
          backupComparedAt: context.now().toISOString(),
          // The planned catalogue stays: a schema that changed since then stops the migration itself.
          catalogueDigest,
          report: { backup: reportBackup(taken.backup, holds) },
        },
        evidence: taken.evidence,
      }
    },
  })
}
