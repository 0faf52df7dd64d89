import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { BundleSpec } from '../../migration/bundle.ts'
import { type Catalogue, schemaDifference, schemaWords } from '../../migration/catalogue.ts'
import type { Dump } from '../../targets/dumps.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/migration-database.ts'
import type { CopyRef, SourceProfile } from '../../targets/rehearsal-copies.ts'
import {
  type Contents,
  contentDifferences,
  readContents,
  readSequences,
  type Sequences,
  sequenceDifferences,
} from './contents.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { MigrateWorld } from './world.ts'

/** A backup with what its restored copy must be equal to, all of one snapshot. */
export interface Backup {
  dump: Dump
  contents: Contents
  sequences: { before: Sequences; after: Sequences }
  catalogueDigest: string
  retention: string
}

export const RETENTION = 'kept until somebody removes it; Cutter removes no backup'

/** Dumps a database and reads, under the very same snapshot, what is in it: others may go on writing meanwhile. */
export async function takeBackup(
  world: MigrateWorld,
  context: EffectContext,
  database: MigrationDatabase,
  given: { name: string; serverMajor: number; spec: BundleSpec },
): Promise<{ backup: Backup; catalogue: Catalogue }> {
  const { name, serverMajor, spec } = given
  const lockTimeoutMs = spec.lockTimeoutSeconds * 1_000
  return database.read(
    context,
    async (sql) => {
      await sql.query('set local idle_in_transaction_session_timeout = 0')
      const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
      const before = await readSequences(sql)
      context.progress(`pg_dump of ${database.name}`)
      const dump = await world.dumps.take(context, database, {
        name,
        snapshot: rows[0]!.id,
        serverMajor,
        lockTimeoutMs,
      })
      const contents = await readContents(sql, context.progress)
      const after = await readSequences(sql)
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
  copy: CopyRef
}

/** Restores a backup into a new database, never the source, and compares the two: a backup counts only once that has held. */
export async function restoreAndCompare(
  world: MigrateWorld,
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
    contents: await readContents(sql, context.progress),
    sequences: await readSequences(sql),
    catalogue: await readCatalogue(sql),
  }))
  const lines = [
    ...contentDifferences(backup.contents, found.contents),
    ...sequenceDifferences(backup.sequences.before, backup.sequences.after, found.sequences),
  ]
  if (lines.length > 0) throw notTheSame(backup, lines)
  const schema = schemaWords(schemaDifference(catalogue, found.catalogue))
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

const notRepresentative = ({ place }: CopyRef, lines: string[]) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the copy’s schema is not the target’s, so a rehearsal on it would prove nothing: ${lines.slice(0, 5).join('; ')}`,
    {
      next: `give the rehearsal server (${place}) the same extensions and settings and resume the run, or name another one (targets.<name>.rehearsalUrlEnv) and start another run`,
      data: { differences: lines.slice(0, 100) },
    },
  )
