import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import { findHeadWitness } from './run-reports.ts'

/** Says in a home that its runs are in PostgreSQL, so that nobody works on the file that they left. */
export interface MovedStore {
  /** `moving` until every run is there. */
  state: 'moving' | 'moved'
  /** The variable with the URL of the database. */
  variable: string
  /** ISO 8601. */
  at: string
  by: string
}

const markerOf = (home: string) => join(home, 'var', 'store-moved.json')

/** Null in a home whose runs are where they were started. */
export function readMovedStore(home: string): MovedStore | null {
  const file = markerOf(home)
  if (!existsSync(file)) return null
  return JSON.parse(readFileSync(file, 'utf8')) as MovedStore
}

export function writeMovedStore(home: string, moved: MovedStore): void {
  const draft = `${markerOf(home)}.unfinished`
  writeFileSync(draft, `${JSON.stringify(moved)}\n`, { mode: 0o644, flush: true })
  renameSync(draft, markerOf(home))
}

export const removeMovedStore = (home: string): void => rmSync(markerOf(home), { force: true })

/** Whether a run was started here before the runs of this home moved: its reports are here. */
export const hasMoved = (home: string, runId: string): boolean =>
  readMovedStore(home)?.state === 'moved' && findHeadWitness(home, runId) !== null

/**
 * Refuses to open a store of which the runs are somewhere else, or not all there.
 * @param store which one cutter.yaml names
 * @throws CONFIG_INVALID
 */
export function assertNotMoved(home: string, store: 'file' | 'database'): void {
  const moved = readMovedStore(home)
  if (moved === null || (store === 'database' && moved.state === 'moved')) return
  const { state, variable, at } = moved
  throw new CutterError(
    'CONFIG_INVALID',
    state === 'moved'
      ? `the runs of this home moved to PostgreSQL at ${at}, and cutter.yaml does not name that store; nothing was changed`
      : `the runs of this home began to move to PostgreSQL at ${at}, and not all are there; nothing was changed`,
    {
      next:
        state === 'moved'
          ? `write into cutter.yaml: store: { url: { env: ${variable} } }; to return: cutter store move --to sqlite`
          : 'cutter store move --to postgres continues it; to stay with the file: cutter store move --to sqlite',
    },
  )
}
