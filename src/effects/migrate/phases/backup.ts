import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { backUpDatabase, reportBackup } from '../back-up-database.ts'
import type { MigrateDeps } from '../deps.ts'
import { assertSameIdentity, readServerIdentity } from '../server-identity.ts'
import { acceptSnapshot, committedUpTo } from '../snapshot-backup.ts'

/** Takes the backup before the migration. */
export function backup(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'backup',
    input: z.object({
      target: z.string(),
      bundleDigest: z.string(),
      identityDigest: z.string(),
      committedUpTo: committedUpTo.optional(),
    }),
    output: z.looseObject({
      backupDigest: z.string(),
      catalogueDigest: z.string(),
      backupTakenAt: z.string(),
    }),
    async execute(context, given) {
      const target = await deps.openDatabase(given.target)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      assertSameIdentity(identity, await target.read(context, readServerIdentity))
      if (given.committedUpTo !== undefined)
        return acceptSnapshot(deps, context, { ...given, committedUpTo: given.committedUpTo }, 'before')
      const taken = await backUpDatabase(deps, context, target, given, 'before')
      const report = { backup: reportBackup(taken.backup, 'the state before the migration') }
      return { output: { ...taken.facts, report }, evidence: taken.evidence }
    },
  })
}
