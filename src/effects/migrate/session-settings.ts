import type { SourceProfile } from '../../targets/postgres/rehearsal-database.ts'
import type { Sql } from '../../targets/target.ts'
import { readAtSavepoint } from './read-at-savepoint.ts'

/**
 * Reads the settings that a script finds in sessions of the target, wherever they come from, so that a rehearsal database gives it the same: from
 * the configuration of the server, from the database, from the role, and from the connection string or PGOPTIONS. The later ones override.
 * @param named the settings that the connection string names; the server lists those of applications (`app.tenant`) nowhere
 */
export async function readSessionSettings(sql: Sql, named: string[]): Promise<SourceProfile['settings']> {
  const settings = new Map<string, string>()
  const take = (some: SourceProfile['settings']) => {
    for (const [name, value] of some) settings.set(name, value)
  }
  const { server, client } = await readSources(sql, named)
  take(server)
  take(await readStored(sql))
  take(client)
  for (const name of OF_SESSION) settings.delete(name)
  return [...settings]
}

/** These concern the session itself and not what a script finds. */
const OF_SESSION = ['default_transaction_read_only', 'session_preload_libraries', 'local_preload_libraries']

/** What the driver or Cutter sets in each session of its own, in `configure` and `applyFixedSettings`. */
const OF_CUTTER =
  /^(?:application_name|client_encoding|client_connection_check_interval|(?:statement|lock|transaction|idle_session|idle_in_transaction_session)_timeout|tcp_\w+|jit|timezone|datestyle|intervalstyle|bytea_output|extra_float_digits|standard_conforming_strings|role|session_authorization)$/i

/** Settings of the server's configuration that give a statement another meaning. Those of speed, memory and logs are the server's own. */
const MEANINGFUL = [
  ...[
    'search_path',
    'default_text_search_config',
    'default_toast_compression',
    'default_transaction_isolation',
  ],
  ...['array_nulls', 'backslash_quote', 'check_function_bodies', 'quote_all_identifiers', 'row_security'],
  ...['transform_null_equals', 'xmlbinary', 'xmloption'],
]

/** Settings of the role override those of the database. Settings of the role in the database override both. */
async function readStored(sql: Sql): Promise<SourceProfile['settings']> {
  // Of the login: one that takes another role keeps its own.
  const { rows } = await sql.query<{ setting: string }>(
    `select unnest(setconfig) as setting from pg_db_role_setting
     where (setdatabase = (select oid from pg_database where datname = current_database()) or setdatabase = 0)
       and (setrole = (select oid from pg_roles where rolname = session_user) or setrole = 0)
     order by (setrole <> 0), (setdatabase <> 0)`,
  )
  return rows.map(({ setting }) => {
    const at = setting.indexOf('=')
    return [setting.slice(0, at), setting.slice(at + 1)]
  })
}

interface Sources {
  server: SourceProfile['settings']
  client: SourceProfile['settings']
}

/**
 * Reads what the session began with. Cutter's own settings hide it, so they are reset at a savepoint, the search path too: therefore each name of
 * these queries has its schema.
 */
async function readSources(sql: Sql, named: string[]): Promise<Sources> {
  const { rows: own } = await sql.query<{ name: string }>(
    `select name from pg_catalog.pg_settings where source = 'session' and name !~ '^transaction_'`,
  )
  const names = named.filter((name) => name.includes('.'))
  return readAtSavepoint(sql, async () => {
    for (const { name } of own) await sql.query(`set local ${name} to default`)
    const { rows } = await sql.query<{ name: string; value: string; source: string }>(
      `select name, setting as value, source from pg_catalog.pg_settings
       where source operator(pg_catalog.=) any (array['client', 'configuration file', 'command line', 'environment variable'])`,
    )
    const { rows: ofApplications } = await sql.query<{ name: string; value: string | null }>(
      'select name, pg_catalog.current_setting(name, true) as value from pg_catalog.unnest($1::pg_catalog.text[]) name',
      [names],
    )
    const isClient = ({ source }: { source: string }) => source === 'client'
    const pair = ({ name, value }: { name: string; value: string | null }): [string, string] => [name, value!]
    return {
      server: rows.filter((row) => !isClient(row) && MEANINGFUL.includes(row.name)).map(pair),
      client: [
        ...rows.filter((row) => isClient(row) && !OF_CUTTER.test(row.name)),
        ...ofApplications.filter(({ value }) => value !== null),
      ].map(pair),
    }
  })
}
