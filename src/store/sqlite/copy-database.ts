import { renameSync, writeFileSync } from 'node:fs'
import { connect } from '../../locks/connect.ts'
import { renameStore } from './check-journal.ts'

/**
 * Copies the database of a file as it is at one moment, while other processes may use it. The copy has mode 0600 and is complete or
 * absent. It replaces a file of its name.
 */
export function copyDatabase(file: string, copy: string): void {
  const unfinished = `${copy}.unfinished`
  writeFileSync(unfinished, '', { mode: 0o600 })
  const reader = connect(file, { readonly: true })
  try {
    reader.prepare('vacuum into ?').run(unfinished)
  } finally {
    reader.close()
  }
  const writer = connect(unfinished)
  try {
    renameStore(writer)
  } finally {
    writer.close()
  }
  renameSync(unfinished, copy)
}
