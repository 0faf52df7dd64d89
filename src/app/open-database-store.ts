import type { StoreSetting } from '../config/store-schema.ts'
import { CutterError } from '../domain/errors.ts'
import type { Connect } from '../store/postgres/connections.ts'
import type { OpenOptions } from '../store/postgres/open-database.ts'
import { openRunStore } from '../store/postgres/open-run-store.ts'
import type { BatchingStore } from '../store/run-store.ts'
import { connectClient } from '../targets/postgres/pg-client.ts'
import { migrationsDirectory } from './package-paths.ts'

/** Logs in with the URL that a variable holds at that moment. */
export function connecting(variable: string, env: NodeJS.ProcessEnv): Connect {
  return async () => {
    const text = env[variable]
    if (text === undefined || text === '')
      throw new CutterError(
        'CONFIG_INVALID',
        `the variable ${variable}, which store of cutter.yaml names, is not set; nothing was started`,
        {
          next: `set ${variable} to the URL of the service’s role, postgresql://role:password@host:port/database`,
        },
      )
    return connectClient(text, { applicationName: 'cutter store', subject: `the URL in ${variable}` })
  }
}

/** Opens the store that cutter.yaml keeps in PostgreSQL. Its URLs are read from the environment at each use and never kept. */
export function openDatabaseStore(setting: StoreSetting, env: NodeJS.ProcessEnv): BatchingStore {
  return openRunStore(databaseOptions(setting, env))
}

/** How the database of the setting is opened. */
export const databaseOptions = ({ url, owner }: StoreSetting, env: NodeJS.ProcessEnv): OpenOptions => ({
  connect: connecting(url.env, env),
  connectOwner: owner !== undefined && env[owner.env] ? connecting(owner.env, env) : null,
  migrationsDirectory: migrationsDirectory('store/postgres'),
})
