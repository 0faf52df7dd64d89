import type { EffectContext } from '../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { TableOfDump } from '../../targets/postgres/rows-of-dump.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { MigrateDeps } from './deps.ts'
import { serverMajorVersion } from './server-identity.ts'
import { isSnapshot, type SnapshotBackup } from './snapshot-backup.ts'
import { type Backup, takeBackup } from './take-backup.ts'

interface BackedUp {
  backup: Backup
  catalogue: Catalogue
  facts: { backupDigest: string; catalogueDigest: string; backupTakenAt: string }
  evidence: Evidence[]
}

/**
 * Takes a backup of a database, and returns it with its evidence `backup/<label>` and `catalogue/<label>`.
 * @param without tables whose rows it need not hold
 */
export async function backUpDatabase(
  deps: Pick<MigrateDeps, 'dumps' | 'measures'>,
  context: EffectContext,
  database: MigrationDatabase,
  given: { bundleDigest: string; identityDigest: string },
  label: 'before' | 'fresh' | 'after',
  without: TableOfDump[] = [],
): Promise<BackedUp> {
  const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  const serverMajor = serverMajorVersion(
    await readJsonEvidence<ServerIdentity>(context, given.identityDigest),
  )
  const name = `${String(context.seq).padStart(4, '0')}-${label}`
  const { backup, catalogue } = await takeBackup(deps, context, database, {
    name,
    serverMajor,
    spec,
    without,
  })
  const manifest = jsonEvidence(`backup/${label}`, backup)
  const schema = jsonEvidence(`catalogue/${label}`, catalogue)
  return {
    backup,
    catalogue,
    facts: {
      backupDigest: manifest.digest,
      catalogueDigest: schema.digest,
      backupTakenAt: backup.dump.takenAt,
    },
    evidence: [manifest, schema],
  }
}

/** What `run show` reports of a backup; `holds` says which state of the database it holds. */
export const reportBackup = ({ dump, retention }: Backup, holds: string): Json =>
  ({ ...dump, retention, holds }) as unknown as Json

/**
 * The age of a backup in minutes. It counts from the end of its comparison with the restored copy, before which it is no backup, so that
 * the time of a large database does not use up the limit.
 * @param comparedAt ISO 8601; left out by runs of earlier versions, whose backups count from their snapshot
 */
export const ageMinutes = (
  backup: Backup | SnapshotBackup,
  context: EffectContext,
  comparedAt = takenAtOf(backup),
): number => (context.now().getTime() - Date.parse(comparedAt)) / 60_000

/** When the state that a backup holds was seen, at the earliest. */
export const takenAtOf = (backup: Backup | SnapshotBackup): string =>
  isSnapshot(backup) ? backup.snapshot.takenAfter.at : backup.dump.takenAt
