import type { Run } from '../../domain/run.ts'
import type { BatchingStore, PlacedEntry, ResumableRun, StoredRun, UnusedApproval } from '../run-store.ts'
import type { Row } from '../sqlite/row.ts'
import {
  readApprovalRow,
  readEffectRow,
  readEntryRow,
  readEvidenceRow,
  readTimerRow,
  withJsonErrorsNamed,
} from '../sqlite/row-mapping.ts'
import type { Connections } from './connections.ts'
import { likeText } from './ids-like.ts'
import { readRunRow } from './row-mapping.ts'
import { runStatements, type Sql } from './run-statement.ts'

type Guard = <T>(work: () => Promise<T>) => Promise<T>

type RunMethods = Pick<
  BatchingStore,
  | 'run'
  | 'storedRun'
  | 'runByKey'
  | 'idsLike'
  | 'history'
  | 'newestPlace'
  | 'placeOf'
  | 'entriesAfter'
  | 'workingRuns'
  | 'dueGates'
  | 'unusedApprovals'
  | 'resumableRun'
  | 'evidence'
  | 'evidenceOf'
>

/** What is read of runs. `guard` names what the server reports. */
export function runMethods({ reading }: Connections, sql: Sql, guard: Guard): RunMethods {
  /** Reads at one moment, because another process may be moving the run. */
  const atOnce = <T>(read: (sql: Sql) => Promise<T>) =>
    guard(() => reading((query) => read(runStatements(query))))
  const ids = (rows: Row[]) => rows.map((row) => row.run_id as string)
  return {
    run: (runId) => guard(async () => findRun(await sql.get('run', { run_id: runId }))),
    storedRun: (runId, since = 0) => atOnce((own) => readStoredRun(own, runId, since)),
    runByKey: (key) => guard(async () => findRun(await sql.get('runByKey', { start_key: key }))),
    idsLike: (text, limit) =>
      guard(async () => {
        const exact = await sql.all('idLike', { run_id: text })
        return ids(exact.length > 0 ? exact : await sql.all('idsLike', { ...likeText(text), limit }))
      }),
    history: (runId) =>
      guard(async () => (await sql.all('history', { run_id: runId, since: 0 })).map(readEntryRow)),
    newestPlace: () => guard(async () => Number((await sql.get('newestPlace'))!.place)),
    placeOf: (runId, seq) =>
      guard(async () => {
        const row = await sql.get('placeOf', { run_id: runId, seq })
        return row === null ? null : Number(row.place)
      }),
    entriesAfter: (place, limit) =>
      guard(async () => (await sql.all('entriesAfter', { place, limit })).map(readPlacedEntry)),
    workingRuns: () => guard(async () => ids(await sql.all('workingRuns'))),
    dueGates: (at) => guard(async () => ids(await sql.all('dueGates', { at }))),
    unusedApprovals: (place) =>
      guard(async () => {
        const rows = (await sql.all('unusedApprovals', { place })) as unknown as UnusedApproval[]
        return rows.map((row) => ({ ...row, place: Number(row.place) }))
      }),
    resumableRun: (runId) => atOnce((own) => readResumableRun(own, runId)),
    evidence: (digest) =>
      guard(async () => ((await sql.get('evidence', { digest }))?.bytes as Uint8Array | undefined) ?? null),
    evidenceOf: (runId) =>
      guard(async () => (await sql.all('evidenceOf', { run_id: runId })).map(readEvidenceRow)),
  }
}

const readPlacedEntry = (row: Row): PlacedEntry => ({
  place: Number(row.place),
  runId: row.run_id as string,
  machine: row.machine as string,
  entry: readEntryRow(row),
})

async function readStoredRun(sql: Sql, runId: string, since: number): Promise<StoredRun | null> {
  const of = { run_id: runId, since }
  const run = findRun(await sql.get('run', of))
  if (run === null) return null
  const history = await sql.all('history', of)
  const byPeople = await sql.get('countByPeople', of)
  const effects = await sql.all('effects', of)
  const timers = await sql.all('timers', of)
  const approvals = await sql.all('approvalsOf', of)
  const evidence = await sql.all('evidenceOf', of)
  const contents = await sql.all('contentsOf', of)
  return withJsonErrorsNamed(runId, () => ({
    run,
    history: history.map(readEntryRow),
    entriesByPeople: byPeople!.n as number,
    effects: effects.map(readEffectRow),
    timers: timers.map(readTimerRow),
    approvals: approvals.map(readApprovalRow),
    evidence: evidence.map(readEvidenceRow),
    contents: new Map(contents.map((row) => [row.digest as string, row.bytes as Uint8Array])),
  }))
}

async function readResumableRun(sql: Sql, runId: string): Promise<ResumableRun | null> {
  const of = { run_id: runId }
  const run = findRun(await sql.get('run', of))
  if (run === null) return null
  const timers = await sql.all('timers', of)
  const approvals = await sql.all('approvalsOf', of)
  const byPeople = await sql.all('historyByPeople', of)
  return withJsonErrorsNamed(runId, () => ({
    run,
    timers: timers.map(readTimerRow),
    approvals: approvals.map(readApprovalRow),
    byPeople: byPeople.map(readEntryRow),
  }))
}

const findRun = (row: Row | null): Run | null => (row === null ? null : readRunRow(row))
