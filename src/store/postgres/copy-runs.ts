import { CutterError } from '../../domain/errors.ts'
import { ownerText } from '../sqlite/pack-steps.ts'
import type { Row } from '../sqlite/row.ts'
import { type CopiedRun, marksOf, SHARED_TABLES, type StoreCopier, waitsSince } from '../store-copier.ts'
import { type Connections, openConnections, type Query } from './connections.ts'
import { type OpenOptions, prepareDatabase } from './open-database.ts'
import { runStatements, type Sql } from './run-statement.ts'
import { createServerClock } from './server-clock.ts'
import { approvalValues } from './single-writes.ts'
import { entryValues, startValues } from './step-statements.ts'
import { toStoreError } from './store-errors.ts'

/** A transaction has 1,024 places. */
const ENTRIES = 1_000

/**
 * Opens the copier of a database.
 * @throws STORE_NEWER, STORE_UNWRITABLE or CONFIG_INVALID when the database can’t be used
 */
export async function openCopier(options: OpenOptions): Promise<StoreCopier> {
  await prepareDatabase(options)
  const connections = openConnections(options.connect, createServerClock())
  const sql = runStatements(connections.query)
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw toStoreError(error)
    }
  }
  return {
    marks: () =>
      guard(async () => {
        const rows = await sql.rows(marksOf('cutter_store.'), {})
        return new Map(rows.map(({ run_id, mark }) => [run_id as string, mark as string]))
      }),
    claimedRuns: (at) =>
      guard(async () => {
        const text = 'select run_id, lease_until from cutter_store.effects where lease_until > @at order by 1'
        const rows = await sql.rows(text, { at })
        return rows.map(({ run_id, lease_until }) => ({
          runId: run_id as string,
          until: lease_until as string,
        }))
      }),
    saveRun: (run) => guard(() => saveRun(connections, run)),
    rows: (table) => {
      const { columns, order } = SHARED_TABLES[table]
      return guard(() =>
        sql.rows(`select ${columns.join(', ')} from cutter_store.${table} order by ${order}`, {}),
      )
    },
    saveRows: (table, rows) =>
      guard(async () => {
        if (rows.length === 0) return
        // What was pruned stays known: for the service only the owner’s function writes that.
        const writing = table === 'pruned_runs' ? openOwner(options, rows.length) : connections
        try {
          await writing.transaction((query) => insertRows(query, table, rows))
        } finally {
          if (writing !== connections) await writing.close()
        }
      }),
    close: () => connections.close(),
  }
}

function openOwner({ connectOwner }: OpenOptions, runs: number): Connections {
  if (connectOwner !== null) return openConnections(connectOwner, createServerClock())
  throw new CutterError(
    'STORE_UNWRITABLE',
    `the store has ${runs} pruned runs, which only the owner of the tables can record in the database; the runs that were copied are there`,
    { next: 'set the variable that store.owner of cutter.yaml names to the owner’s URL, and run this again' },
  )
}

async function insertRows(query: Query, table: keyof typeof SHARED_TABLES, rows: Row[]): Promise<void> {
  const sql = runStatements(query)
  const { columns } = SHARED_TABLES[table]
  const values = columns.map((column) => `@${column}`).join(', ')
  const text = `insert into cutter_store.${table} (${columns.join(', ')}) values (${values}) on conflict do nothing`
  for (const row of rows) {
    if (table === 'pruned_runs' && row.start_key !== null) await sql.run('insertKey', row)
    await sql.rows(text, row)
  }
}

/** The first transaction saves everything but the entries after the thousandth, which further ones append. */
async function saveRun(connections: Connections, copied: CopiedRun): Promise<void> {
  const { run, history } = copied
  for (;;) {
    const isComplete = await connections.transaction(async (query) => {
      const sql = runStatements(query)
      const there = await findThere(sql, run.runId)
      if (there === null) await insertCopy(sql, copied)
      else if (there.head !== run.head) throw otherError(run.runId)
      const from = there?.entries ?? 0
      const entries = history.slice(from, from + ENTRIES)
      await insertEntries(sql, run.runId, entries)
      return from + entries.length >= history.length
    })
    if (isComplete) return
  }
}

async function findThere(sql: Sql, runId: string): Promise<{ head: string; entries: number } | null> {
  const [row] = await sql.rows(
    `select head, (select count(*)::integer from cutter_store.history where run_id = @runId) as entries
     from cutter_store.runs where run_id = @runId`,
    { runId },
  )
  return row === undefined ? null : { head: row.head as string, entries: row.entries as number }
}

const otherError = (runId: string) =>
  new CutterError(
    'STORE_CONFLICT',
    `the database has run ${runId} already, with another newest entry; it was not changed`,
    { next: 'move into a database that has no runs yet' },
  )

async function insertEntries(sql: Sql, runId: string, entries: CopiedRun['history']): Promise<void> {
  for (const [nth, entry] of entries.entries()) {
    const values = entryValues({ run: { runId }, entry, eventText: JSON.stringify(entry.event) })
    await sql.run('copyEntry', { ...values, nth })
  }
}

async function insertCopy(sql: Sql, copied: CopiedRun): Promise<void> {
  const { run, effects, timers, approvals, evidence, contents, closeoutSignatures } = copied
  const run_id = run.runId
  if (run.startKey !== null && (await sql.run('insertKey', { start_key: run.startKey, run_id })) === 0)
    await assertOwnKey(sql, run.startKey, run_id)
  await sql.run('insertRun', { ...startValues(run), waits_since: waitsSince(copied) })
  const mediaTypes = new Map(evidence.map(({ digest, mediaType }) => [digest, mediaType]))
  for (const [digest, bytes] of contents)
    await sql.run('insertEvidence', { digest, media_type: mediaTypes.get(digest), bytes: Buffer.from(bytes) })
  for (const { seq, name, digest } of evidence)
    await sql.run('insertRunEvidence', { run_id, seq, name, digest })
  for (const { invokeId, seq, name, input, owner, leaseUntil, attempt } of effects)
    await sql.run('copyEffect', {
      ...{ run_id, invoke_id: invokeId, seq, name, input: JSON.stringify(input), attempt },
      ...{ owner: owner && ownerText(owner), lease_until: leaseUntil },
    })
  for (const { timerId, dueAt, event } of timers)
    await sql.run('insertTimer', { run_id, timer_id: timerId, due_at: dueAt, event: JSON.stringify(event) })
  for (const approval of approvals) {
    await sql.run('insertApproval', approvalValues(approval))
    const { approvalId, usedSeq, usedAt } = approval
    if (usedSeq !== null)
      await sql.run('useApproval', { approval_id: approvalId, run_id, used_seq: usedSeq, used_at: usedAt })
  }
  for (const { kind, signer, statementText, signature, publicKey, at } of closeoutSignatures)
    await sql.run('insertCloseoutSignature', {
      ...{ run_id, kind, signer, statement_text: statementText, signature, public_key: publicKey, at },
    })
}

async function assertOwnKey(sql: Sql, key: string, runId: string): Promise<void> {
  const other = (await sql.get('runOfKey', { start_key: key }))?.run_id
  if (other === runId) return
  throw new CutterError(
    'KEY_REUSED',
    `run ${runId} has the key ${key}, which in the database belongs to run ${other}; run ${runId} was not moved`,
    { next: 'move into a database that has no runs yet' },
  )
}
