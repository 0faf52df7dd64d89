import { existsSync, linkSync, renameSync } from 'node:fs'
import { connect } from './connect.ts'
import { toStoreError } from './open-database.ts'

/**
 * Puts a copy into a store's place, and the store that was there under another name. Throws STORE_CONFLICT, with nothing changed,
 * while another process has it open. A crash leaves one of the two in its place, whole.
 */
export function replaceDatabase(copy: string, file: string, old: string): void {
  if (!existsSync(file)) {
    renameSync(copy, file)
    return
  }
  const holder = connect(file, { timeout: 1_000 })
  try {
    takeAlone(holder, file, old)
    linkSync(file, old)
    renameSync(copy, file)
  } finally {
    holder.close()
  }
}

/** A file that is to lie about needs no journal beside it, not even while somebody only reads it. */
export function removeJournal(file: string): void {
  const db = connect(file)
  db.pragma('journal_mode = delete')
  db.close()
}

/** Ends the journal of writes, which would be taken for the new store's. SQLite lets nobody do so who is not alone. */
function takeAlone(holder: ReturnType<typeof connect>, file: string, old: string): void {
  try {
    holder.pragma('locking_mode = exclusive')
    holder.pragma('journal_mode = delete')
    holder.exec('begin exclusive')
  } catch (error) {
    const told = toStoreError(error, file)
    if ((told as { code?: unknown }).code !== 'STORE_CORRUPT') throw told
    // What can't be read can't be closed in order either: its journal goes with it as it is.
    for (const end of ['-wal', '-shm'])
      if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${old}${end}`)
  }
}
