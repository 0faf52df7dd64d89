import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import type { HeadWitness } from '../domain/head-witness.ts'

/** Where a run's reports lie, and how far it was when they were written. Small on purpose: every look at a run reads it. */

export const reportsRoot = (home: string) => join(home, 'var', 'runs')

export const reportFolder = (home: string, runId: string) => join(reportsRoot(home), safeFileName(runId))

/**
 * Null when there is none: reports may be thrown away at any time. One that can't be read, or that Cutter can't have written,
 * is refused (STORE_TAMPERED), since it would hide that the store is an older copy.
 */
export function readHeadWitness(folder: string): HeadWitness | null {
  const file = join(folder, 'head.json')
  try {
    const { seq, head, at } = JSON.parse(readFileSync(file, 'utf8'))
    const isHead = Number.isSafeInteger(seq) && seq > 0 && /^sha256:[0-9a-f]{64}$/.test(head) && at
    if (isHead && typeof at === 'string') return { seq, head, at }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return null
  }
  throw new CutterError(
    'STORE_TAMPERED',
    `${file} is not as Cutter writes it: it should say how far the run was when its reports were made, which tells an older copy of the store`,
    { next: `once you know why, remove it: the next command that rests the run writes it anew` },
  )
}

/** A name as a file may bear it everywhere: what is not plain becomes %XX of its UTF-8 bytes. */
export function safeFileName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
