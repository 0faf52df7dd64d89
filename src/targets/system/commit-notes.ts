import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../domain/json.ts'

/**
 * Notes that survive a crash. A migration writes the id of its transaction into one right before COMMIT is sent, so that a later
 * process can ask the server for the outcome.
 */
export interface CommitNotes {
  /** Writes a note, and returns after the file and its folder are on the disk. */
  write(runId: string, name: string, note: Json): void
  /** Returns a note, or null if there is none. */
  read(runId: string, name: string): Json | null
}

/** Keeps the notes below `var/migrations` of a home, readable by their owner only. */
export function openCommitNotes(home: string): CommitNotes {
  const folderOf = (runId: string) => join(home, 'var', 'migrations', runId)
  return {
    write(runId, name, note) {
      const folder = folderOf(runId)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const draft = join(folder, `${name}.part`)
      const file = openSync(draft, 'w', 0o600)
      writeSync(file, JSON.stringify(note))
      fsyncSync(file)
      closeSync(file)
      renameSync(draft, join(folder, `${name}.json`))
      const opened = openSync(folder, 'r')
      fsyncSync(opened)
      closeSync(opened)
    },
    read(runId, name) {
      try {
        return JSON.parse(readFileSync(join(folderOf(runId), `${name}.json`), 'utf8')) as Json
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
  }
}
