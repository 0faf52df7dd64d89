import { randomInt } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { CutterError } from '../../domain/errors.ts'

/**
 * SQLite takes in whatever valid WAL lies next to a file, and deletes one that lies next to nothing. A WAL says nowhere of which file it is. So
 * each store has a random number in the header of its first page (`application_id`), which the copies of that page in its WAL have too.
 * Offsets: https://www.sqlite.org/fileformat2.html.
 */

const WAL_HEADER = 32
const FRAME_HEADER = 24
const ID_OFFSET = 68
/** How many frames are examined at most. SQLite takes in a WAL at 1,000 frames. */
const MOST_FRAMES = 4_000

/**
 * Asserts that the WAL next to a store belongs to it. Opens nothing with SQLite, which would take the WAL in.
 * @throws STORE_CORRUPT when the WAL is of another store, or when the file of the store is missing or empty. Nothing was changed.
 */
export function assertOwnJournal(file: string): void {
  // The WAL first: it never has content before the file has.
  const wal = readIfPresent(`${file}-wal`, WAL_HEADER)
  if (wal === null || wal.length < WAL_HEADER) return
  const header = readIfPresent(file, ID_OFFSET + 4)
  if (header === null || header.length === 0) throw lostFileError(file)
  if (header.length < ID_OFFSET + 4) return
  const own = header.readUInt32BE(ID_OFFSET)
  const journal = findJournalId(`${file}-wal`, wal)
  if (own !== 0 && journal !== 0 && journal !== own) throw foreignJournalError(file)
}

/** Gives a store its number, unless it has one. A new store gets it before it has a WAL. */
export function nameStore(db: Database): void {
  if (db.pragma('application_id', { simple: true }) !== 0) return
  db.transaction(() => {
    // Another process may have given it one between the reading and this lock.
    if (db.pragma('application_id', { simple: true }) === 0) renameStore(db)
  }).immediate()
}

/** Gives a copy of a store a number of its own, so that the WAL of the original is not taken for its WAL. */
export function renameStore(db: Database): void {
  db.pragma(`application_id = ${randomInt(1, 0x7fffffff)}`)
}

/** The number of the store in the newest generation of a WAL; 0 when it has no copy of the first page. */
function findJournalId(wal: string, header: Buffer): number {
  const pageSize = header.readUInt32BE(8)
  const salts = header.subarray(16, 24)
  const frame = Buffer.alloc(FRAME_HEADER + ID_OFFSET + 4)
  const file = openSync(wal, 'r')
  try {
    for (let index = 0; index < MOST_FRAMES; index += 1) {
      const place = WAL_HEADER + index * (FRAME_HEADER + pageSize)
      if (readSync(file, frame, 0, frame.length, place) < frame.length) return 0
      if (!frame.subarray(8, 16).equals(salts)) return 0
      const id = frame.readUInt32BE(0) === 1 ? frame.readUInt32BE(FRAME_HEADER + ID_OFFSET) : 0
      if (id !== 0) return id
    }
    return 0
  } finally {
    closeSync(file)
  }
}

/** The first bytes of a file, fewer where it is shorter; null where it can't be read. */
function readIfPresent(path: string, length: number): Buffer | null {
  try {
    if (statSync(path).size === 0) return Buffer.alloc(0)
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}

function lostFileError(file: string): CutterError {
  return new CutterError(
    'STORE_CORRUPT',
    `${file} is missing or empty, but its journal ${file}-wal is there; nothing was changed`,
    {
      next: `put the file of the store next to its journal; if it is lost, move ${file}-wal away, and restore a backup: cutter store restore <file>`,
    },
  )
}

function foreignJournalError(file: string): CutterError {
  return new CutterError(
    'STORE_CORRUPT',
    `the journal ${file}-wal belongs to another store than ${file}; nothing was changed`,
    {
      next: `end every process of Cutter in this home, and copy both files again from one store; if the right journal is lost, move ${file}-wal and ${file}-shm away, and run: cutter doctor`,
    },
  )
}
