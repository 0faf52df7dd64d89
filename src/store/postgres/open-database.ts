import type pg from 'pg'
import { CutterError } from '../../domain/errors.ts'
import type { Connect } from './connections.ts'
import { assertKnown, knownMigrations, migrate, versionOf } from './migrate.ts'
import { toStoreError } from './store-errors.ts'

export interface OpenOptions {
  /** Logs in as the service. */
  connect: Connect
  /** Logs in as the owner of the schema, who migrates it. Null where this process has no such login. */
  connectOwner: Connect | null
  /** The folder `migrations/store/postgres`. */
  migrationsDirectory: string
}

interface Rights {
  role: string
  is_granted: boolean
  is_excessive: boolean
}

/**
 * Finds out whether the service can use the store’s database, and can’t edit its history. Applies missing migrations where the owner’s login is
 * given.
 * @throws STORE_NEWER, STORE_UNWRITABLE, or CONFIG_INVALID when the service’s login could edit history
 */
export async function prepareDatabase({
  connect,
  connectOwner,
  migrationsDirectory,
}: OpenOptions): Promise<void> {
  try {
    await withClient(connect, async (client) => {
      await assertSuitable(client)
      const newest = knownMigrations(migrationsDirectory).at(-1)!.version
      const version = await versionOf(client)
      assertKnown(version, migrationsDirectory)
      if (version < newest || !(await rightsOf(client, version)).is_granted) {
        const { role } = await rightsOf(client, 0)
        if (connectOwner === null) throw needsOwnerError(version, newest, role)
        await migrate(connectOwner, migrationsDirectory, role)
      }
      await assertCannotEdit(client)
      await continuePlaces(client, connectOwner)
    })
  } catch (error) {
    throw toStoreError(error)
  }
}

/** Opens a session for `work`, and ends it. */
export async function withClient<T>(connect: Connect, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Texts are hashed as UTF-8, and older servers lack what the migrations are written in. */
async function assertSuitable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string; is_standby: boolean }>(
    `select pg_catalog.current_setting('server_version_num')::integer as version,
      pg_catalog.current_setting('server_encoding') as encoding, pg_catalog.pg_is_in_recovery() as is_standby`,
  )
  const { version, encoding, is_standby } = rows[0]!
  const fault =
    version < 150_000
      ? `it is PostgreSQL ${Math.floor(version / 10_000)}, and the store needs 15 or later`
      : encoding !== 'UTF8'
        ? `its encoding is ${encoding}, and the store needs UTF8`
        : is_standby
          ? 'it is a standby, which can’t be written'
          : null
  if (fault === null) return
  throw new CutterError('STORE_UNWRITABLE', `the store’s database can’t be used: ${fault}`, {
    next: 'name another database in the variable that store.url of cutter.yaml names',
  })
}

async function rightsOf(client: pg.Client, version: number): Promise<Rights> {
  const none = 'select current_user::text as role, false as is_granted, false as is_excessive'
  const some = `
    select current_user::text as role,
      pg_catalog.has_schema_privilege('cutter_store', 'usage')
        and pg_catalog.has_table_privilege(history.oid, 'insert')
        and pg_catalog.has_function_privilege('cutter_store.prune_run(json)', 'execute') as is_granted,
      pg_catalog.has_table_privilege(history.oid, 'update')
        or pg_catalog.has_table_privilege(history.oid, 'delete')
        or pg_catalog.has_table_privilege(history.oid, 'truncate')
        or pg_catalog.has_any_column_privilege(history.oid, 'update')
        or pg_catalog.pg_has_role(history.relowner, 'member') as is_excessive
    from pg_catalog.pg_class as history
    where history.relname = 'history'
      and history.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = 'cutter_store')`
  const { rows } = await client.query<Rights>(version === 0 ? none : some)
  return rows[0]!
}

async function assertCannotEdit(client: pg.Client): Promise<void> {
  const { role, is_excessive } = await rightsOf(client, 1)
  if (!is_excessive) return
  throw new CutterError(
    'CONFIG_INVALID',
    `the service’s login ${role} could edit the history of runs in the store’s database: it is a superuser, or the owner of the schema, or has its rights; nothing was started`,
    {
      next: 'make a role without those rights for store.url, and keep the owner’s login for store.owner',
      data: { role },
    },
  )
}

function needsOwnerError(version: number, newest: number, role: string): CutterError {
  const why =
    version < newest
      ? `the store’s database has version ${version}, and this Cutter needs ${newest}`
      : `the role ${role} lacks rights in the store’s database`
  return new CutterError('STORE_UNWRITABLE', `${why}; nothing was changed`, {
    next: 'set the variable that store.owner of cutter.yaml names to the owner’s URL, and run: cutter doctor',
  })
}

/** How far places have come, and the first that no transaction of this server has put there. Both are of one snapshot. */
const PLACES = `
  select (select coalesce(max(place), 0) from cutter_store.history) >> 10 as newest,
    pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint + first_transaction as next
  from cutter_store.places`

/**
 * After a dump was restored into another server, transactions have lower numbers than those that are saved. Moves their beginning, so that
 * what is saved from now on comes later.
 */
async function continuePlaces(client: pg.Client, connectOwner: Connect | null): Promise<void> {
  const { rows } = await client.query<{ newest: string; next: string }>(PLACES)
  const [newest, next] = [Number(rows[0]!.newest), Number(rows[0]!.next)]
  if (newest < next) return
  if (connectOwner === null)
    throw new CutterError(
      'STORE_UNWRITABLE',
      'the store’s database was restored into another server, whose transactions have lower numbers; nothing was changed',
      {
        next: 'set the variable that store.owner of cutter.yaml names to the owner’s URL, and run: cutter doctor',
      },
    )
  await withClient(connectOwner, (owner) =>
    owner.query('update cutter_store.places set first_transaction = first_transaction + $1', [
      newest - next + 1,
    ]),
  )
}
