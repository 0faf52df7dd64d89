import { resolve } from 'node:path'
import pg from 'pg'
import type { OpenOptions } from '../../../src/store/postgres/open-database.ts'
import { type Cluster, type Major, serverOf, startCluster } from '../../support/pg-cluster.ts'
import { startPooler } from '../../support/pooler.ts'

/** Stores in databases of a real server, each made for one test: the owner of the schema and the service are two roles. */

const migrationsDirectory = resolve(import.meta.dirname, '../../../migrations/store/postgres')

export interface StoreServer extends Cluster {
  /** A database of its own with both roles. Nothing is in it yet. */
  aDatabase(): Promise<StoreDatabase>
  close(): Promise<void>
}

export interface StoreDatabase {
  name: string
  options: OpenOptions
  /** Runs SQL as a superuser, who is bound by triggers alone. */
  asSuperuser(sql: string): Promise<pg.QueryResult>
  asOwner(sql: string): Promise<pg.QueryResult>
  asService(sql: string): Promise<pg.QueryResult>
  /** Removes every row, for the next test. Making a database takes much longer. */
  empty(): Promise<void>
}

const EMPTY = `
  set session_replication_role = replica;
  do $$
  declare
    tables text;
  begin
    select string_agg('cutter_store.' || relname, ', ') into tables from pg_class
    where relkind = 'r' and relnamespace = to_regnamespace('cutter_store') and relname not in ('versions', 'places');
    if tables is not null then
      execute 'truncate ' || tables || ' restart identity';
    end if;
  end $$`

/** Opens a session each time it is called. */
export const connecting = (url: string) => async () => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 20_000 })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function once(url: string, sql: string): Promise<pg.QueryResult> {
  const client = await connecting(url)()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Starts a server of a major version for the stores of one test file. */
export async function startStoreServer(major: Major): Promise<StoreServer> {
  const cluster = await startCluster(serverOf(major))
  try {
    return await withRoles(cluster)
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

/**
 * Starts a server whose stores are reached through pgbouncer in transaction mode. It has fewer sessions with the server than a store has with it, so
 * each transaction takes another one.
 */
export async function startPooledStoreServer(major: Major): Promise<StoreServer> {
  const server = await startStoreServer(major)
  try {
    const roles = ['store_service', 'store_owner', 'postgres']
    const pooler = await startPooler({ port: server.port, mode: 'transaction', sessions: 3, roles })
    return {
      ...server,
      url: (database, user) => pooler.pooled(server.url(database, user)),
      async aDatabase() {
        const database = await server.aDatabase()
        const through = (user: string) => connecting(pooler.pooled(server.url(database.name, user)))
        const sessions = { connect: through('store_service'), connectOwner: through('store_owner') }
        return { ...database, options: { ...database.options, ...sessions } }
      },
      async close() {
        pooler.stop()
        await server.close()
      },
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

async function withRoles(cluster: Cluster): Promise<StoreServer> {
  const admin = await connecting(cluster.url())()
  await admin.query('create role store_owner login; create role store_service login')
  // Its transactions are seen as changes of the store.
  await admin.query('alter system set autovacuum = off')
  await admin.query('select pg_reload_conf()')
  let count = 0
  return {
    ...cluster,
    async aDatabase() {
      count += 1
      const name = `store_${count}`
      await admin.query(`create database ${name} owner store_owner`)
      const url = (user: string) => cluster.url(name, user)
      return {
        name,
        options: {
          connect: connecting(url('store_service')),
          connectOwner: connecting(url('store_owner')),
          migrationsDirectory,
        },
        asSuperuser: (sql) => once(url('postgres'), sql),
        asOwner: (sql) => once(url('store_owner'), sql),
        asService: (sql) => once(url('store_service'), sql),
        empty: async () => void (await once(url('postgres'), EMPTY)),
      }
    },
    async close() {
      await admin.end()
      await cluster.stop()
    },
  }
}
