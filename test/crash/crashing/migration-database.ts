import {
  type MigrationDatabase,
  openMigrationDatabase as openRealDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import { crashAt, crashAtCommit, phase } from './crash-point.ts'

// Everything else is the target's own.
export * from '../../../src/targets/postgres/migration-database.ts'

/** Replaces src/targets/postgres/migration-database.ts in the crashing build: it adds points inside the transactions and sessions that write. */
export function openMigrationDatabase(access: Parameters<typeof openRealDatabase>[0]): MigrationDatabase {
  const database = openRealDatabase(access)
  return {
    ...database,
    async transaction(context, limits, work) {
      const name = phase.getStore() ?? ''
      const value = await database.transaction(context, limits, async (sql) => {
        crashAt(name, 'begun')
        const made = await work(sql)
        crashAt(name, 'before-commit')
        crashAtCommit(name, sql)
        return made
      })
      crashAt(name, 'committed')
      return value
    },
    async session(context, limits, work) {
      const name = phase.getStore() ?? ''
      const value = await database.session(context, limits, async (sql) => {
        crashAt(name, 'begun')
        return work(sql)
      })
      crashAt(name, 'committed')
      return value
    },
  }
}
