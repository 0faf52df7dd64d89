import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { DatabaseDump } from '../../targets/postgres/database-dumps.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import { limitsOf } from './bundle-limits.ts'
import { type DatabaseContents, readDatabaseContents } from './database-contents.ts'
import type { MigrateDeps } from './deps.ts'
import { readCatalogue } from './read-catalogue.ts'
import { readSequenceValues, type SequenceValues } from './sequence-values.ts'

/** A backup with what the restored database must be equal to, all of one snapshot. */
export interface Backup {
  dump: DatabaseDump
  contents: DatabaseContents
  sequences: { before: SequenceValues; after: SequenceValues }
  catalogueDigest: string
  retention: string
}

const RETENTION = 'kept until somebody removes it; Cutter removes no backup'

/**
 * Dumps a database and reads its contents under the same snapshot, so that others may continue to write.
 * @throws the stops of `DatabaseDumps.take`
 */
export async function takeBackup(
  deps: Pick<MigrateDeps, 'dumps'>,
  context: EffectContext,
  database: MigrationDatabase,
  given: { name: string; serverMajor: number; spec: MigrationBundleSpec },
): Promise<{ backup: Backup; catalogue: Catalogue }> {
  const { name, serverMajor, spec } = given
  const { lockTimeoutMs } = limitsOf(spec)
  return database.read(
    context,
    async (sql) => {
      await sql.query('set local idle_in_transaction_session_timeout = 0')
      const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
      const before = await readSequenceValues(sql)
      context.progress(`pg_dump of ${database.name}`)
      const snapshot = rows[0]!.id
      const dump = await deps.dumps.take(context, database, { name, snapshot, serverMajor, lockTimeoutMs })
      const contents = await readDatabaseContents(sql, database, context.progress)
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
