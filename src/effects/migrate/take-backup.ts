import { performance } from 'node:perf_hooks'
import type { EffectContext } from '../../domain/effect.ts'
import { joinSignals } from '../../domain/join-signals.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import type { DatabaseDump } from '../../targets/postgres/database-dumps.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { TableOfDump } from '../../targets/postgres/rows-of-dump.ts'
import { limitsOf } from './bundle-limits.ts'
import { type DatabaseContents, readDatabaseContents } from './database-contents.ts'
import type { MigrateDeps } from './deps.ts'
import { readDatabaseBytes } from './estimate-work.ts'
import type { PlannedRestore } from './planned-restore.ts'
import { readCatalogue } from './read-catalogue.ts'
import { HAS_SCATTERED } from './scattered-partitions.ts'
import { readSequenceValues, type SequenceValues } from './sequence-values.ts'

/** A backup with what the restored database must be equal to, all of one snapshot. */
export interface Backup {
  dump: DatabaseDump
  contents: DatabaseContents
  sequences: { before: SequenceValues; after: SequenceValues }
  catalogueDigest: string
  retention: string
  /** The size of the database on its server. Backups of earlier versions have none. */
  databaseBytes?: number
  /** Tables whose rows it does not hold, because a dry run has compared them before. */
  without?: string[]
  /** Of a second backup: what pg_restore alone can't restore of it; left out where it can. */
  restore?: PlannedRestore
  /** Of a second backup: the rules of the migrated database that reject rows which it has. Its restored copy has them for new rows alone. */
  withoutRules?: string[]
}

/** What a backup holds, with the rules that its restored copy has for new rows alone. */
export const describeHolding = (
  state: string,
  { withoutRules = [] }: Pick<Backup, 'withoutRules'>,
): string =>
  withoutRules.length === 0
    ? state
    : `${state}, restored with rules for new rows alone that reject rows which are there: ${withoutRules.join(', ')}`

const RETENTION = 'kept until somebody removes it; Cutter removes no backup'

/**
 * Dumps a database and reads its contents under the same snapshot, so that others may continue to write.
 * @throws the stops of `DatabaseDumps.take`
 */
export async function takeBackup(
  deps: Pick<MigrateDeps, 'dumps' | 'measures'>,
  context: EffectContext,
  database: MigrationDatabase,
  given: { name: string; serverMajor: number; spec: MigrationBundleSpec; without: TableOfDump[] },
): Promise<{ backup: Backup; catalogue: Catalogue }> {
  const { name, serverMajor, spec, without } = given
  const left = without.map(({ schema, table }) => `${schema}.${table}`)
  const { lockTimeoutMs } = limitsOf(spec)
  return database.read(
    context,
    async (sql) => {
      await sql.query('set local idle_in_transaction_session_timeout = 0')
      const { rows } = await sql.query<{ id: string }>('select pg_export_snapshot() as id')
      const before = await readSequenceValues(sql)
      context.progress(`pg_dump of ${database.name}`)
      const snapshot = rows[0]!.id
      const databaseBytes = await readDatabaseBytes(sql)
      const found = await sql.query<{ scattered: boolean }>(HAS_SCATTERED)
      const { scattered } = found.rows[0]!
      const begun = performance.now()
      const { dump, contents } = await dumpAndRead(context, {
        dump: (within) =>
          deps.dumps.take(within, database, {
            ...{ name, snapshot, serverMajor, lockTimeoutMs, databaseBytes, without, scattered },
          }),
        read: (progress) =>
          readDatabaseContents(sql, database, progress, 'ordered', (table) => !left.includes(table)),
      })
      if (left.length === 0) deps.measures.note('backup', databaseBytes, performance.now() - begun)
      const after = await readSequenceValues(sql)
      const catalogue = await readCatalogue(sql)
      const sequences = { before, after }
      return {
        backup: {
          dump,
          contents,
          sequences,
          catalogueDigest: catalogue.digest,
          retention: RETENTION,
          databaseBytes,
          ...(left.length === 0 ? {} : { without: left }),
        },
        catalogue,
      }
    },
    lockTimeoutMs,
  )
}

/**
 * Dumps and reads at the same time, because both see one snapshot. When one fails, the other ends soon: the dump by its signal, the reading
 * at its next table. Nothing may use the session after that.
 */
async function dumpAndRead(
  context: EffectContext,
  work: {
    dump(within: EffectContext): Promise<DatabaseDump>
    read(progress: (text: string) => void): Promise<DatabaseContents>
  },
): Promise<{ dump: DatabaseDump; contents: DatabaseContents }> {
  const failed = new AbortController()
  const { signal, release } = joinSignals([context.signal, failed.signal])
  const within: EffectContext = Object.create(context, { signal: { value: signal } })
  const ended = async <T>(part: Promise<T>) =>
    part.catch((error: unknown) => {
      failed.abort(error)
      throw error
    })
  const [dump, contents] = await Promise.allSettled([
    ended(work.dump(within)),
    ended(
      work.read((text) => {
        failed.signal.throwIfAborted()
        context.progress(text)
      }),
    ),
  ])
  release()
  failed.signal.throwIfAborted()
  if (dump.status === 'rejected') throw dump.reason
  if (contents.status === 'rejected') throw contents.reason
  return { dump: dump.value, contents: contents.value }
}
