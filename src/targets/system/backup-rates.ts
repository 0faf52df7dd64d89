import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** What a part of the work with backups did in a second, in bytes of the database, as this home measured it last. */
export interface BackupRates {
  /** Of a dump with the reading of its contents. */
  backup?: number
  /** Of a restore with its comparison. */
  restore?: number
}

/** The disk and the speed of a home's backups, from which a run estimates whether it can work. */
export interface BackupMeasures {
  /** Free bytes for an ordinary user on the disk of the home. */
  freeBytes(): Promise<number>
  rates(): BackupRates
  /** Keeps the rate of a database of that size. A small one says nothing of a large one, because most of its time is spent on starting. */
  note(part: keyof BackupRates, databaseBytes: number, milliseconds: number): void
}

/** Smaller databases are not measured. */
const LEAST_BYTES = 200_000_000

/** Keeps the rates in `var/backups/rates.json` of a home. */
export function openBackupMeasures(home: string): BackupMeasures {
  const folder = join(home, 'var', 'backups')
  const file = join(folder, 'rates.json')
  const rates = (): BackupRates => {
    try {
      const { backup, restore } = JSON.parse(readFileSync(file, 'utf8')) as BackupRates
      const isRate = (rate: unknown): rate is number => typeof rate === 'number' && rate > 0
      return { ...(isRate(backup) ? { backup } : {}), ...(isRate(restore) ? { restore } : {}) }
    } catch {
      // Nothing was measured yet, or not readably. An estimate without a rate refuses nothing.
      return {}
    }
  }
  return {
    async freeBytes() {
      const { bavail, bsize } = await statfs(home)
      return bavail * bsize
    },
    rates,
    note(part, databaseBytes, milliseconds) {
      if (databaseBytes < LEAST_BYTES || milliseconds <= 0) return
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const rate = Math.round((databaseBytes * 1_000) / milliseconds)
      writeFileSync(`${file}.part`, JSON.stringify({ ...rates(), [part]: rate }))
      renameSync(`${file}.part`, file)
    },
  }
}
