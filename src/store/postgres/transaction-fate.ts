import type pg from 'pg'
import { CutterError } from '../../domain/errors.ts'
import type { Row } from '../sqlite/row.ts'
import type { ServerClock } from './server-clock.ts'

/** How a transaction begins and is committed, and how its fate is found out where COMMIT got no answer. */

export const NOW = '(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::pg_catalog.float8 as now'

/** Runs one statement that reads. */
type Read = (text: string, values?: unknown[]) => Promise<{ rows: Row[] }>

/** A transaction: its number, and the life of the server that gave it, in which no other transaction has the number. */
export interface Begun {
  xid: string
  life: string
}

/** The timeline and the start of the server. */
const LIFE = `(select pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8))
  || ' ' || pg_catalog.pg_postmaster_start_time()::pg_catalog.text as life`

/** Begins a transaction, and answers how its fate can be asked. */
export async function begin(client: pg.Client, clock: ServerClock, mayBeLost: boolean): Promise<Begun> {
  const asked = performance.now()
  const start = mayBeLost ? 'begin; set local synchronous_commit = off' : 'begin'
  const answers = (await client.query(
    `${start}; select pg_catalog.pg_current_xact_id()::pg_catalog.text as xid, ${LIFE}, ${NOW}`,
  )) as unknown as pg.QueryResult<Begun & { now: number }>[]
  const { xid, life, now } = answers.at(-1)!.rows[0]!
  clock.set(now, asked)
  return { xid, life }
}

/** A transaction that changes nothing and is waited for as any other: its commit acknowledges all earlier ones. */
export const EMIT = "select pg_catalog.pg_logical_emit_message(true, 'cutter', '')"

/** Commits. False where the server notices anything: it has the commit, and may not have waited for a standby. */
export async function commit(client: pg.Client, statement = 'commit'): Promise<boolean> {
  let isNoticed = false
  const notice = () => {
    isNoticed = true
  }
  client.on('notice', notice)
  try {
    await client.query(statement)
    return !isNoticed
  } finally {
    client.off('notice', notice)
  }
}

/** What became of a transaction. Its number counts only as long as the server lives that gave it; after that what it saved decides. */
export async function findFate(
  read: Read,
  { xid, life }: Begun,
  isSaved: (() => Promise<boolean>) | undefined,
): Promise<boolean | 'in progress'> {
  const { rows } = await read(`select ${LIFE}`)
  const { life: now } = rows[0]!
  const fate = await readStatus(read, xid)
  const isSameLife = now === life
  if (isSameLife && fate === 'in progress') return fate
  // A backend that crashes takes the others with it, and numbers that were not on the disk are given again, in the same life.
  if (isSaved !== undefined) return isSaved()
  if (isSameLife && fate !== null) return fate === 'committed'
  throw new Error('another server answers than the one that COMMIT was sent to')
}

/** Null where the server no longer knows, or has not given the number yet (22023). */
async function readStatus(read: Read, xid: string): Promise<unknown> {
  try {
    const { rows } = await read('select pg_catalog.pg_xact_status($1::pg_catalog.xid8) as fate', [xid])
    return rows[0]!.fate
  } catch (error) {
    if ((error as { code?: unknown }).code === '22023') return null
    throw error
  }
}

export const fateUnknownError = (cause: unknown) =>
  new CutterError(
    'STORE_UNWRITABLE',
    'the connection to the store’s database was lost after COMMIT was sent, and the server could not say what became of it; the step is saved completely or not at all',
    { next: 'cutter run list; cutter run resume <run> continues from what is saved', cause },
  )
