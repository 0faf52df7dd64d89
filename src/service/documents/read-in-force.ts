import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { runOfChangeSet } from '../../effects/cut/governance-ids.ts'
import { readServerTime } from '../../targets/postgres/read-documents.ts'
import { readSchemaState } from '../../targets/postgres/target-schema.ts'
import type { Sql } from '../../targets/target.ts'
import { assertReadsDocuments } from '../access/assert-reads-documents.ts'
import { targetError } from '../targets/target-error.ts'
import { readAsOf } from './as-of.ts'

/** Where and of which time somebody reads. */
export interface ReadingPlace {
  /** The database, by its name in cutter.yaml. */
  target: string
  /** A day or a time; left out: now. */
  asOf?: string | undefined
}

/** The place and time that an answer is about. */
export interface Place {
  target: string
  /** By the server's clock, where the reader named no time. */
  asOf: string
}

/** Something with the run that wrote it; null where another program did. */
export type ByRun<T extends { changeSetId: string | null }> = Omit<T, 'changeSetId'> & {
  runId: string | null
}

/**
 * Reads a target as its reader, in one transaction that proves that it wrote nothing.
 * @throws ACCESS_REFUSED, USAGE when `asOf` is no time, TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function readInForce<T>(
  home: Home,
  { target: name, asOf }: ReadingPlace,
  work: (sql: Sql, at: Place) => Promise<T>,
): Promise<T> {
  assertReadsDocuments(home)
  const time = asOf === undefined ? null : readAsOf(asOf)
  const app = await home.app()
  const target = await app.target(name)
  try {
    return await target.read('reader', { runId: 'read', signal: app.deps.interrupt }, async (sql) => {
      await assertCurrentSchema(sql, name)
      return work(sql, { target: name, asOf: time ?? (await readServerTime(sql)) })
    })
  } catch (error) {
    throw targetError(error)
  }
}

/** @throws TARGET_REFUSED when the target lacks the views that readers read */
async function assertCurrentSchema(sql: Sql, target: string): Promise<void> {
  const state = await readSchemaState(sql)
  if (state === 'ours') return
  const what =
    state === 'older' ? 'was prepared by an earlier version of Cutter' : 'is no database that Cutter prepared'
  throw new CutterError('TARGET_REFUSED', `target ${target} ${what}, and nothing was read`, {
    next: `cutter target init ${target} adds what readers need, and changes no unit`,
  })
}

/** Names the run in place of its change set. */
export function byRun<T extends { changeSetId: string | null }>({ changeSetId, ...rest }: T): ByRun<T> {
  return { ...rest, runId: changeSetId === null ? null : runOfChangeSet(changeSetId) }
}

/** The error for an address at which there is nothing. */
export function nothingThereError(what: string): CutterError {
  return new CutterError('INPUT_REFUSED', `${what}; nothing was changed`, {
    next: 'cutter document list names the documents in force; cutter document search finds units by their words',
  })
}
