import { existsSync, linkSync, renameSync } from 'node:fs'
import { connect } from '../../locks/connect.ts'
import { assertOwnJournal } from './check-journal.ts'
import { toStoreError } from './store-errors.ts'

/**
 * Replaces the store `file` by `copy`, and keeps the earlier store as `old`. A crash leaves one of the two stores complete in its
 * place.
 *
 * @throws STORE_CONFLICT while another process has the store open; nothing is changed then.
 */
export function replaceDatabase(copy: string, file: string, old: string): void {
  if (!existsSync(file)) {
    // What a lost store left behind would be taken in by the new one, or be deleted.
    moveJournal(file, `${file}.lost-${Date.now()}`)
    renameSync(copy, file)
    return
  }
  try {
    assertOwnJournal(file)
  } catch {
    moveJournal(file, old)
  }
  const holder = connect(file, { timeout: 1_000 })
  try {
    lockAlone(holder, file, old)
    linkSync(file, old)
    renameSync(copy, file)
  } finally {
    holder.close()
  }
}

/**
 * Checks that no other process has the file open, which ends its WAL.
 * @throws STORE_CONFLICT
 */
export function assertAlone(file: string): void {
  const holder = connect(file, { timeout: 1_000 })
  try {
    takeAlone(holder)
  } catch (error) {
    throw toStoreError(error, file)
  } finally {
    holder.close()
  }
}

function takeAlone(holder: ReturnType<typeof connect>): void {
  holder.pragma('locking_mode = exclusive')
  holder.pragma('journal_mode = delete')
  holder.exec('begin exclusive')
}

/** Sets the journal mode of a file that is kept: it needs no journal file next to it, not even while somebody reads it. */
export function removeJournal(file: string): void {
  const db = connect(file)
  db.pragma('journal_mode = delete')
  db.close()
}

/**
 * Ends the WAL, which the new store would otherwise inherit, and locks the file. SQLite allows both only to a process that has the
 * file alone.
 */
function lockAlone(holder: ReturnType<typeof connect>, file: string, old: string): void {
  try {
    takeAlone(holder)
  } catch (error) {
    const storeError = toStoreError(error, file)
    if ((storeError as { code?: unknown }).code !== 'STORE_CORRUPT') throw storeError
    // The WAL of an unreadable store cannot be ended. It moves with the store.
    moveJournal(file, old)
  }
}

function moveJournal(file: string, name: string): void {
  for (const end of ['-wal', '-shm'])
    if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${name}${end}`)
}
