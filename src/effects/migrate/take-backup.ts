import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Catalogue, compareSchemas, describeSchemaDifference } from '../../migration/catalogue.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle.ts'
import type { DatabaseDump } from '../../targets/postgres/database-dumps.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef, SourceProfile } from '../../targets/postgres/rehearsal-databases.ts'
import {
  compareContents,
  compareSequences,
  type DatabaseContents,
  readDatabaseContents,
  readSequenceValues,
  type SequenceValues,
} from './database-contents.ts'
import type { MigrateDeps } from './deps.ts'
import { readCatalogue } from './read-catalogue.ts'

/** A backup with what its restored copy must be equal to, all of one snapshot. */
export interface Backup {
  dump: DatabaseDump
  contents: DatabaseContents
  sequences: { before: SequenceValues; after: SequenceValues }
  catalogueDigest: string
  retention: string
}

export const RETENTION = 'kept until somebody removes it; Cutter removes no backup'

/** Dumps a database and reads, under the very same snapshot, what is in it: others may go on writing meanwhile. */
export async function takeBackup(
  world: MigrateDeps,
  context: EffectContext,
  database: MigrationDatabase,
  given: { name: string; serverMajor: number; spec: MigrationBundleSpec },
): Promise<{ backup: Backup; catalogue: Catalogue }> {
  const { name, serverMajor, spec } = given
  const lockTimeoutMs = spec.lockTimeoutSeconds * 1_000
  return database.read(
    context,
    async (sql) => {
      await sql.query('set local idle_in_transaction_session_timeout = 0')
      const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
      const before = await readSequenceValues(sql)
      context.progress(`pg_dump of ${database.name}`)
      const dump = await world.dumps.take(context, database, {
        name,
        snapshot: rows[0]!.id,
        serverMajor,
        lockTimeoutMs,
      })
      const contents = await readDatabaseContents(sql, context.progress)
      const after = await readSequenceValues(sql)
      const catalogue = await readCatalogue(sql)
      const sequences = { before, after }
      return {
        backup: { dump, contents, sequences, catalogueDigest: catalogue.digest, retention: RETENTION },
        catalogue,
      }
    },
    lockTimeoutMs,
  )
}

export interface RestoreGiven {
  target: string
  source: ServerIdentity
  profile: SourceProfile
  backup: Backup
  catalogue: Catalogue
  copy: RehearsalDatabaseRef
}

/** Restores a backup into a new database, never the source, and compares the two: a backup counts only once that has held. */
export async function restoreAndCompare(
  world: MigrateDeps,
  context: EffectContext,
  given: RestoreGiven,
): Promise<{ tables: number; rows: string }> {
  const { target, source, profile, backup, catalogue, copy } = given
  const facts = {
    ...copy,
    runId: context.runId,
    target,
    source: { systemIdentifier: source.systemIdentifier, database: source.database },
    madeAt: context.now().toISOString(),
  }
  const restored = await world.copies.make(facts, profile)
  context.progress(`pg_restore into ${restored.name}`)
  await world.dumps.restore(context, backup.dump, restored)
  const found = await restored.read(context, async (sql) => ({
    contents: await readDatabaseContents(sql, context.progress),
    sequences: await readSequenceValues(sql),
    catalogue: await readCatalogue(sql),
  }))
  const lines = [
    ...compareContents(backup.contents, found.contents),
    ...compareSequences(backup.sequences.before, backup.sequences.after, found.sequences),
  ]
  if (lines.length > 0) throw notTheSame(backup, lines)
  const schema = describeSchemaDifference(compareSchemas(catalogue, found.catalogue))
  if (schema.length > 0) throw notRepresentative(copy, schema)
  const tables = Object.values(backup.contents.tables)
  return { tables: tables.length, rows: String(tables.reduce((sum, { rows }) => sum + BigInt(rows), 0n)) }
}

const notTheSame = ({ dump }: Backup, lines: string[]) =>
  new Stop(
    'STOP_BACKUP_FAILED',
    `the backup ${dump.file}, restored, is not what was backed up: ${lines.slice(0, 5).join('; ')}`,
    {
      next: 'resume the run to try again with the same backup, or start another run',
      data: { differences: lines.slice(0, 100) },
    },
  )

const notRepresentative = ({ place }: RehearsalDatabaseRef, lines: string[]) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the copy’s schema is not the target’s, so a rehearsal on it would prove nothing: ${lines.slice(0, 5).join('; ')}`,
    {
      next: `give the rehearsal server (${place}) the same extensions and settings and resume the run, or name another one (targets.<name>.rehearsalUrlEnv) and start another run`,
      data: { differences: lines.slice(0, 100) },
    },
  )
