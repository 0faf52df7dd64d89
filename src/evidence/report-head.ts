import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LastSeen } from '../domain/last-seen.ts'

/** Where a run's reports lie, and how far it was when they were written. Small on purpose: every look at a run reads it. */

export const runsFolder = (home: string) => join(home, 'var', 'runs')

export const runFolder = (home: string, runId: string) => join(runsFolder(home), safeName(runId))

/** Null when there is none that can be read: reports may be thrown away at any time. */
export function readLastSeen(folder: string): LastSeen | null {
  try {
    const { seq, head, at } = JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8'))
    return Number.isSafeInteger(seq) && typeof head === 'string' ? { seq, head, at: String(at) } : null
  } catch {
    return null
  }
}

/** A name as a file may bear it everywhere: what is not plain becomes %XX of its UTF-8 bytes. */
export function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
