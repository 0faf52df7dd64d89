import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../domain/json.ts'

/**
 * A note that outlives a crash: written, with its folder, to the disk itself before the caller goes on. A migration leaves its
 * transaction's id in one right before COMMIT is sent, so that a later process can ask the server what became of it.
 */
export interface CommitNotes {
  write(runId: string, name: string, note: Json): void
  read(runId: string, name: string): Json | null
}

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
