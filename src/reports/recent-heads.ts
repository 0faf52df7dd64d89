import { closeSync, fstatSync, readSync } from 'node:fs'
import type { HeadWitness } from '../domain/head-witness.ts'
import { findLoggedHead, headLogFile, openToRead, parseLoggedLine } from './head-log.ts'
import { safeFileName } from './report-folder.ts'

/** How many runs are kept. */
const MOST_KEPT = 10_000

/** The newest entries that a home's log names, for a process that asks for them again and again. */
export interface RecentHeads {
  /** What `findLoggedHead` answers at this moment, also for lines that another process has written since. */
  find(runId: string): HeadWitness | null
}

interface Place {
  inode: number
  /** Bytes from the start of the file, the end of a complete line. */
  read: number
}

/**
 * Follows the log of a home: it reads each line once, from the moment of the first question on. Runs of which no line came since are looked for in
 * the file, and kept.
 */
export function followHeads(home: string): RecentHeads {
  const heads = new Map<string, HeadWitness>()
  let place: Place | null = null

  const keep = (name: string, witness: HeadWitness) => {
    heads.delete(name)
    heads.set(name, witness)
    for (const oldest of heads.keys()) if (heads.size > MOST_KEPT) heads.delete(oldest)
  }
  function follow(file: number): void {
    const { ino: inode, size } = fstatSync(file)
    if (place === null || place.inode !== inode || place.read > size) {
      heads.clear()
      place = { inode, read: size }
      return
    }
    const bytes = Buffer.alloc(size - place.read)
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, place.read))
    // A line without its end is being written, or was cut short by a crash.
    const end = text.lastIndexOf('\n') + 1
    for (const line of text.slice(0, end).split('\n')) {
      const logged = parseLoggedLine(line)
      if (logged !== null) keep(logged.name, logged.witness)
    }
    place.read += end
  }
  return {
    find(runId) {
      const name = safeFileName(runId)
      const file = openToRead(headLogFile(home))
      if (file === null) return null
      try {
        follow(file)
      } finally {
        closeSync(file)
      }
      const known = heads.get(name)
      if (known !== undefined) return known
      const found = findLoggedHead(home, runId)
      if (found !== null) keep(name, found)
      return found
    },
  }
}
