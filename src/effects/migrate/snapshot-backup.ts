import { z } from 'zod'
import type { EffectContext } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import {
  type Catalogue,
  compareSchemas,
  describeSchemaDifference,
  isEmptyDifference,
} from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { compareContents, type DatabaseContents, readDatabaseContents } from './database-contents.ts'
import type { MigrateDeps } from './deps.ts'
import { readCatalogue } from './read-catalogue.ts'
import { readSequenceValues } from './sequence-values.ts'
import { readServerIdentity } from './server-identity.ts'

/**
 * The backup is a snapshot of the provider, and its restore test an instance that somebody restored from it. A snapshot is a copy of the
 * files of a server, so the instance has its system identifier, and continues its transaction ids, which say how old it is. The position in
 * the write-ahead log would not, because a recovery lets it jump.
 */

/** How far a target had come at a moment, as a fact of the run. A snapshot that was taken later is at least there. */
export const committedUpTo = z.object({
  /** The id after the last transaction that had ended, 64 bits as a decimal number. */
  transactionId: z.string(),
  /** ISO 8601. */
  at: z.string(),
})
type CommittedUpTo = z.infer<typeof committedUpTo>

/** A snapshot as a backup, with the instance that proves it. Saved as evidence `backup/<label>` in the place of a dump. */
export interface SnapshotBackup {
  snapshot: {
    systemIdentifier: string
    database: string
    /** When the instance was started. */
    startedAt: string
    /** The id after the last transaction that had ended there. */
    transactionId: string
    /** The snapshot was taken after it. */
    takenAfter: CommittedUpTo
  }
  retention: string
}

/** How an instance was compared with its target. */
export interface ComparedSnapshot {
  tables: number
  /** The rows of all tables of the instance, as a decimal number. */
  rows: string
  /** What the target has otherwise by now, one line for each table, sequence and the large objects. */
  otherThanTarget: string[]
}

const RETENTION = 'kept and removed by the provider; Cutter removes no backup'

/** Reads how far the server of a session has come. */
async function readCommittedUpTo(sql: Sql, now: Date): Promise<CommittedUpTo> {
  const { rows } = await sql.query<{ id: string }>(`select ${LAST_TRANSACTION} as id`)
  return { transactionId: rows[0]!.id, at: now.toISOString() }
}

/** Reads how far a target has come now. */
export async function readTargetNow(
  { openDatabase }: Pick<MigrateDeps, 'openDatabase'>,
  context: EffectContext,
  target: string,
): Promise<CommittedUpTo> {
  return (await openDatabase(target)).read(context, (sql) => readCommittedUpTo(sql, context.now()))
}

const LAST_TRANSACTION = 'pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text'

interface Instance {
  identity: ServerIdentity
  transactionId: string
  startedAt: string
  /** Whether code of others would have power over its server. */
  hasPower: boolean
}

const INSTANCE = `
  select ${LAST_TRANSACTION} as "transactionId", pg_catalog.pg_postmaster_start_time()::text as "startedAt",
    exists (select from pg_catalog.pg_roles r where pg_catalog.pg_has_role(r.oid, 'member') and (r.rolsuper or r.rolname in
      ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))) as "hasPower"`

const readInstance = async (sql: Sql): Promise<Instance> => {
  const identity = await readServerIdentity(sql)
  const { rows } = await sql.query<Omit<Instance, 'identity'>>(INSTANCE)
  return { identity, ...rows[0]! }
}

/**
 * Checks that an instance is restored from a snapshot of the target that was taken after a moment, and has the schema of the target.
 * @param since the target had come so far before the snapshot was taken
 * @throws STOP_BACKUP_STALE while there is no such instance: a later resume asks again
 * @throws STOP_BACKUP_FAILED when the instance can't prove the snapshot
 */
async function readSnapshot(
  deps: Pick<MigrateDeps, 'openDatabase' | 'snapshots'>,
  context: EffectContext,
  target: string,
  {
    expected,
    since,
    deviations = [],
  }: { expected: ServerIdentity; since: CommittedUpTo; deviations?: string[] | undefined },
): Promise<{ backup: SnapshotBackup; catalogue: Catalogue }> {
  const refused = (text: string, next: string) => snapshotError('STOP_BACKUP_FAILED', target, text, next)
  const variable = `the variable of targets.${target}.snapshotUrlEnv`
  const older = (text: string) => snapshotError('STOP_BACKUP_STALE', target, text)
  const instance = await openInstance(deps, target, older)
  const source = await deps.openDatabase(target)
  const started = await source.read(context, async (sql) => (await readInstance(sql)).startedAt)
  const { wasUsed, ...found } = await instance.read(context, async (sql) => ({
    ...(await readInstance(sql)),
    wasUsed: await deps.snapshots.wasUsed(sql),
  }))
  const { identity, transactionId } = found
  if (identity.systemIdentifier !== expected.systemIdentifier || identity.database !== expected.database)
    throw refused(
      `is not restored from a snapshot of it: it is database ${identity.database} of system ${identity.systemIdentifier}, not ${expected.database} of ${expected.systemIdentifier}`,
      `let ${variable} hold the URL of an instance restored from a snapshot of the target, with its database ${expected.database}, and resume the run`,
    )
  if (found.startedAt === started)
    throw refused(
      'is the target itself',
      `let ${variable} hold the URL of the restored instance, not that of the target, and resume the run`,
    )
  if (identity.inRecovery)
    throw refused(
      'is a standby, which follows the target and is no backup',
      `restore a snapshot into an instance of its own, let ${variable} hold its URL, and resume the run`,
    )
  if (identity.versionNumber !== expected.versionNumber)
    throw refused(
      `has another version: ${identity.version}`,
      `restore the snapshot into an instance of ${expected.version}, let ${variable} hold its URL, and resume the run`,
    )
  if (identity.role !== expected.role)
    throw refused(
      `logs in as ${identity.role}, and the target as ${expected.role}`,
      `let ${variable} hold the login ${expected.role}, and resume the run`,
    )
  if (found.hasPower)
    throw refused(
      `gives ${identity.role} power over files and programs of its server, which the script would have there`,
      `no other snapshot helps: name a login without that power in targets.${target}.migratorUrlEnv, one that is no superuser and a member of no role such as pg_execute_server_program; start another run, and let ${variable} hold the same login. Or remove snapshotUrlEnv, so that Cutter restores a dump, where the script has no power`,
    )
  if (wasUsed) throw older('was changed by a rehearsal')
  if (BigInt(transactionId) < BigInt(since.transactionId))
    throw older(`was restored from a snapshot taken before ${since.at}`)
  const [was, is] = [await source.read(context, readCatalogue), await instance.read(context, readCatalogue)]
  const { added, removed, changed } = compareSchemas(was, is)
  const others = (names: string[]) => names.filter((name) => !deviations.includes(name))
  const difference = { added: others(added), removed: others(removed), changed: others(changed) }
  if (!isEmptyDifference(difference))
    throw older(`has another schema than it: ${describeSchemaDifference(difference).slice(0, 5).join('; ')}`)
  const { systemIdentifier, database } = identity
  return {
    backup: {
      snapshot: { systemIdentifier, database, startedAt: found.startedAt, transactionId, takenAfter: since },
      retention: RETENTION,
    },
    catalogue: is,
  }
}

/**
 * Takes an instance as the backup of its target, with the evidence `backup/<label>` and `catalogue/<label>`.
 * @throws the stops of `readSnapshot`
 */
export async function acceptSnapshot(
  deps: Pick<MigrateDeps, 'openDatabase' | 'snapshots'>,
  context: EffectContext,
  given: { target: string; bundleDigest: string; identityDigest: string; committedUpTo: CommittedUpTo },
  label: 'before' | 'fresh' | 'after',
) {
  const { spec } = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
  const { backup, catalogue } = await readSnapshot(deps, context, given.target, {
    expected: await readJsonEvidence<ServerIdentity>(context, given.identityDigest),
    since: given.committedUpTo,
    deviations: spec.deviations,
  })
  const manifest = jsonEvidence(`backup/${label}`, backup)
  const schema = jsonEvidence(`catalogue/${label}`, catalogue)
  return {
    output: {
      backupDigest: manifest.digest,
      catalogueDigest: schema.digest,
      backupTakenAt: given.committedUpTo.at,
      report: { backup: backup as unknown as Json },
    },
    evidence: [manifest, schema],
  }
}

/** Reads every row of the instance and of the target. Rows that others wrote since the snapshot differ, so differences are named. */
export async function compareSnapshot(
  deps: Pick<MigrateDeps, 'openDatabase' | 'snapshots'>,
  context: EffectContext,
  target: string,
): Promise<ComparedSnapshot> {
  const read = (database: MigrationDatabase) =>
    database.read(context, async (sql) => {
      await sql.query('set local idle_in_transaction_session_timeout = 0')
      // Rows of the same files come in the same order.
      const contents = await readDatabaseContents(sql, database, (text) =>
        context.progress(`${text} of ${database.name}`),
      )
      return { contents, sequences: await readSequenceValues(sql) }
    })
  const instance = await openInstance(deps, target, (text) =>
    snapshotError('STOP_BACKUP_STALE', target, text),
  )
  const [is, was] = await Promise.all([read(instance), read(await deps.openDatabase(target))])
  const tables = Object.values(is.contents.tables)
  return {
    tables: tables.length,
    rows: String(tables.reduce((sum, { rows }) => sum + BigInt(rows), 0n)),
    otherThanTarget: [...describeOthers(was.contents, is.contents), ...otherSequences(was, is)],
  }
}

const describeOthers = (was: DatabaseContents, is: DatabaseContents): string[] =>
  compareContents(was, is).map((line) =>
    line
      .replaceAll('the rehearsal database', 'the restored instance')
      .replaceAll('the source', 'the target now'),
  )

type Sequences = { sequences: Awaited<ReturnType<typeof readSequenceValues>> }

const otherSequences = (was: Sequences, is: Sequences): string[] =>
  Object.keys(is.sequences)
    .filter((name) => was.sequences[name] !== is.sequences[name])
    .map((name) => `sequence ${name} has another value in the restored instance`)

async function openInstance(
  { snapshots }: Pick<MigrateDeps, 'snapshots'>,
  target: string,
  missing: (text: string) => Stop,
): Promise<MigrationDatabase> {
  try {
    const instance = await snapshots.open(target)
    if (instance !== null) return instance
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'TARGET_REFUSED') throw error
    throw missing(`is not named yet: ${error.message.replace(/; nothing was changed$/, '')}`)
  }
  throw missing('is not named by cutter.yaml any more')
}

const snapshotError = (
  code: 'STOP_BACKUP_STALE' | 'STOP_BACKUP_FAILED',
  target: string,
  text: string,
  next = `take a snapshot of the target now, restore it into an instance that nothing else uses, let the variable of targets.${target}.snapshotUrlEnv hold its URL, and resume the run`,
) =>
  new Stop(code, `the instance restored from a snapshot of target ${target} ${text}; nothing was changed`, {
    next,
  })

/** Whether evidence of a backup is a snapshot. */
export const isSnapshot = (backup: object): backup is SnapshotBackup => 'snapshot' in backup
