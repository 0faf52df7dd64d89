import { assertNotMoved } from '../../app/moved-store.ts'
import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'

/**
 * Refuses a command that copies the file of the store where cutter.yaml keeps runs in PostgreSQL.
 * @throws INPUT_REFUSED, CONFIG_INVALID when its runs moved there
 */
export async function assertFileStore(home: Home, what: 'backup' | 'restore'): Promise<void> {
  const { store } = await home.config()
  if (store === undefined) return assertNotMoved(home.folder, 'file')
  throw new CutterError(
    'INPUT_REFUSED',
    `the runs of this home are in PostgreSQL, and cutter store ${what} copies a file alone; nothing was changed`,
    {
      next:
        what === 'backup'
          ? 'dump the database with pg_dump --schema=cutter_store, or take base backups of its server'
          : 'restore the database with pg_restore, or from a base backup of its server; then: cutter doctor',
    },
  )
}
