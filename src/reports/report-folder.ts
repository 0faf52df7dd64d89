import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import type { HeadWitness } from '../domain/head-witness.ts'

/** The folder with the reports of all runs of a home: `var/runs`. */
export const reportsRoot = (home: string) => join(home, 'var', 'runs')

/**
 * The folder with the reports of one run. Run ids come from a store that others may have written, so they become file names that are safe
 * on every system.
 */
export const reportFolder = (home: string, runId: string) => join(reportsRoot(home), safeFileName(runId))

/**
 * The newest entry that the reports show. Null without reports, because they may be deleted at any time.
 *
 * @throws STORE_TAMPERED when `head.json` is not as Cutter writes it, because it could hide that the store is an older copy.
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
    `${file} is not as Cutter writes it: it records the newest entry of the run, by which Cutter notices an older copy of the store`,
    {
      next: `find out why, then remove it: the next command that pauses, stops or closes the run writes a new one`,
    },
  )
}

/** A name as a file name for every system: other characters become %XX of their UTF-8 bytes. */
export function safeFileName(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
