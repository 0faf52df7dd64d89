import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import type { Catalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import type { SourceProfile } from '../../../targets/postgres/rehearsal-databases.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { readServerIdentity } from '../server-identity.ts'
import { type Backup, restoreAndCompare, takeBackup } from '../take-backup.ts'
import { assertSameIdentity } from './server-identify.ts'

/** The effects that take backups and restore them: before the migration, again when the first is too old, and after it. */

const known = { target: z.string(), bundleDigest: z.string(), identityDigest: z.string() }
const restoring = { ...known, profileDigest: z.string(), place: z.string() }
const copyRef = z.object({ place: z.string(), database: z.string() })
const backedUp = { backupDigest: z.string(), catalogueDigest: z.string() }

const backupInput = z.object(known)
const backupOutput = z.looseObject({ ...backedUp, backupTakenAt: z.string() })

export function backup(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof backupInput>, z.infer<typeof backupOutput>> {
  return {
    name: 'backup',
    kind: 'read',
    input: backupInput,
    output: backupOutput,
    async execute(context, given) {
      const target = await world.database(given.target)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      assertSameIdentity(identity, await target.read(context, readServerIdentity))
      const taken = await take(world, context, target, given, 'before')
      const { dump, retention } = taken.backup
      return {
        output: {
          ...taken.facts,
          report: {
            backup: { ...dump, retention, holds: 'the state before the migration' } as unknown as Json,
          },
        },
        evidence: taken.evidence,
      }
    },
  }
}

const restoreInput = z.object({ ...restoring, ...backedUp })
const restoreOutput = z.looseObject({ copy: copyRef })

/** Restores the backup into the copy on which the migration will be rehearsed. */
export function restoreTest(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof restoreInput>, z.infer<typeof restoreOutput>> {
  return {
    name: 'restore_test',
    kind: 'read',
    input: restoreInput,
    output: restoreOutput,
    async execute(context, given) {
      const copy = { place: given.place, database: databaseName('rehearsal', context) }
      const compared = await restore(world, context, given, copy).catch(async (error: unknown) => {
        // Nothing was rehearsed on it, and a next try has another name.
        await world.copies.drop(copy).catch(() => undefined)
        throw error
      })
      return {
        output: { copy, report: { restored: { ...copy, ...compared } as unknown as Json } },
        evidence: [jsonEvidence('restored', { copy, ...compared })],
      }
    },
  }
}

const refreshInput = z.object({ ...restoring, ...backedUp })

/** Between the approval and the migration: a backup older than the plan allows is taken and restored again. */
export function refreshBackup(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof refreshInput>, z.infer<typeof backupOutput>> {
  return {
    name: 'refresh_backup',
    kind: 'read',
    input: refreshInput,
    output: backupOutput,
    async execute(context, given) {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const { dump } = await readJsonEvidence<Backup>(context, given.backupDigest)
      const { backupDigest, catalogueDigest } = given
      if (ageMinutes(dump.takenAt, context) < spec.backupMaxAgeMinutes)
        return { output: { backupDigest, catalogueDigest, backupTakenAt: dump.takenAt } }
      const target = await world.database(given.target)
      const identity = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
      assertSameIdentity(identity, await target.read(context, readServerIdentity))
      const taken = await take(world, context, target, given, 'fresh')
      await throwAway(world, context, { ...given, ...taken.facts }, taken.backup, taken.catalogue)
      return {
        // The catalogue stays the planned one: a schema that changed since stops the migration itself.
        output: {
          ...taken.facts,
          catalogueDigest,
          report: {
            backup: {
              ...taken.backup.dump,
              retention: taken.backup.retention,
              holds: 'the state before the migration, taken again after the approval',
            } as unknown as Json,
          },
        },
        evidence: taken.evidence,
      }
    },
  }
}

export const ageMinutes = (takenAt: string, context: EffectContext) =>
  (context.now().getTime() - Date.parse(takenAt)) / 60_000

const secondInput = z.object({ ...restoring, copy: copyRef })
const secondOutput = z.looseObject({ secondBackupDigest: z.string() })

/** After the migration: a backup of the new state, restored and compared. The first one does not hold that state. */
export function secondBackup(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof secondInput>, z.infer<typeof secondOutput>> {
  return {
    name: 'second_backup',
    kind: 'read',
    input: secondInput,
    output: secondOutput,
    async execute(context, given) {
      const live = context.mode === 'live'
      const source = live ? await world.database(given.target) : await world.copies.open(given.copy)
      const identity = await source.read(context, readServerIdentity)
      const taken = await take(world, context, source, given, 'after')
      await throwAway(world, context, given, taken.backup, taken.catalogue, identity)
      const holds = live ? 'the migrated state' : 'the rehearsed copy’s migrated state'
      return {
        output: {
          secondBackupDigest: taken.facts.backupDigest,
          report: {
            secondBackup: {
              ...taken.backup.dump,
              retention: taken.backup.retention,
              holds,
            } as unknown as Json,
          },
        },
        evidence: taken.evidence,
      }
    },
  }
}

async function take(
  world: MigrateDeps,
  context: EffectContext,
  database: MigrationDatabase,
  given: { bundleDigest: string; identityDigest: string },
  label: string,
) {
  const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  const { versionNumber } = await readJsonEvidence<ServerIdentity>(context, given.identityDigest)
  const name = `${String(context.seq).padStart(4, '0')}-${label}`
  const serverMajor = Math.floor(versionNumber / 10_000)
  const { backup: taken, catalogue } = await takeBackup(world, context, database, { name, serverMajor, spec })
  const [manifest, schema] = [
    jsonEvidence(`backup/${label}`, taken),
    jsonEvidence(`catalogue/${label}`, catalogue),
  ]
  return {
    backup: taken,
    catalogue,
    facts: {
      backupDigest: manifest.digest,
      catalogueDigest: schema.digest,
      backupTakenAt: taken.dump.takenAt,
    },
    evidence: [manifest, schema],
  }
}

interface Restoring {
  target: string
  identityDigest: string
  profileDigest: string
  place: string
}

async function restore(
  world: MigrateDeps,
  context: EffectContext,
  given: Restoring & { backupDigest: string; catalogueDigest: string },
  copy: { place: string; database: string },
) {
  return restoreAndCompare(world, context, {
    target: given.target,
    source: await readJsonEvidence<ServerIdentity>(context, given.identityDigest),
    profile: await readJsonEvidence<SourceProfile>(context, given.profileDigest),
    backup: await readJsonEvidence<Backup>(context, given.backupDigest),
    catalogue: await readJsonEvidence<Catalogue>(context, given.catalogueDigest),
    copy,
  })
}

/** Restores, compares, and drops the copy again: nothing is rehearsed on this one. */
async function throwAway(
  world: MigrateDeps,
  context: EffectContext,
  given: Restoring,
  taken: Backup,
  catalogue: Catalogue,
  source?: ServerIdentity,
): Promise<void> {
  const copy = { place: given.place, database: databaseName('restored', context) }
  try {
    await restoreAndCompare(world, context, {
      target: given.target,
      source: source ?? (await readJsonEvidence<ServerIdentity>(context, given.identityDigest)),
      profile: await readJsonEvidence<SourceProfile>(context, given.profileDigest),
      backup: taken,
      catalogue,
      copy,
    })
  } finally {
    await world.copies.drop(copy)
  }
}

/** Run ids are ours: letters, digits and hyphens. The effect's seq makes a name that a second try finds again. */
const databaseName = (kind: string, { runId, seq }: EffectContext) =>
  `${kind}_${runId.toLowerCase().replace(/[^a-z0-9]/g, '_')}_${seq}`
