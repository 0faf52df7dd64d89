import pg from 'pg'
import { GOVERNANCE_TABLES, UNIT_TABLES } from '../../src/targets/postgres/target-schema.ts'

/**
 * Inserts the rows that a cut left in the plain way: INSERT … SELECT from tables of the same database with exactly these rows, into the
 * same tables with the same constraints and triggers, in the transactions of the cut. The triggers check who writes: cutter_owner
 * inserts units and log, the executor governance, the verifier the verdict. They refuse a row that is enacted when it is inserted. So
 * units and versions are inserted as drafts, and one UPDATE of each table puts them into force.
 */

export interface PlainSeconds {
  /** INSERT … SELECT alone. */
  inserts: number
  /** With the UPDATE: the rows as the cut left them. */
  total: number
}

const TABLES = [...UNIT_TABLES.filter((table) => table !== 'iu_lifecycle_vocab'), ...GOVERNANCE_TABLES]
const OF_DECISIONS = ['review_decision', 'dot_pair_signature', 'verify_result']
const DATABASE = 'plain_bench'

/**
 * Measures the plain way, in seconds.
 * @param urlOf returns a superuser's URL for a database of the server
 * @param source the database into which documents were cut
 */
export async function plainSeconds(
  urlOf: (database: string) => Promise<string>,
  source: string,
): Promise<PlainSeconds> {
  await withConnection(await urlOf('postgres'), async (client) => {
    await client.query(`drop database if exists ${DATABASE} with (force)`)
    await client.query(`create database ${DATABASE} template ${source}`)
  })
  return withConnection(await urlOf(DATABASE), async (client) => {
    const copy = await stage(client)
    await client.query('checkpoint')
    let seconds = 0
    const timed = async (work: () => Promise<unknown>) => {
      const begun = performance.now()
      await client.query('begin')
      await work()
      await client.query('commit')
      seconds += (performance.now() - begun) / 1_000
    }
    const as = (role: string) => client.query(`reset role; set session authorization ${role}`)
    const asOwner = () => client.query('reset session authorization; set role cutter_owner')

    await asOwner()
    await timed(async () => {
      await copy('information_unit')
      await copy('unit_version')
    })
    await as('cutter_executor')
    await timed(async () => {
      await copy('dot_pair_signature', "signature_kind = 'executor'")
      await copy('review_decision', "governance_event_kind = 'cut'")
      for (const table of GOVERNANCE_TABLES.filter((one) => !OF_DECISIONS.includes(one))) await copy(table)
    })
    await as('cutter_verifier')
    await timed(async () => {
      await copy('dot_pair_signature', "signature_kind = 'verifier'")
      await copy('verify_result')
    })
    await asOwner()
    let updates = 0
    await timed(async () => {
      await copy('review_decision', "governance_event_kind <> 'cut'")
      await copy('iu_lifecycle_log')
      const begun = performance.now()
      await client.query(`
        update public.unit_version set lifecycle_status = 'enacted', enacted_at = now();
        update public.information_unit set lifecycle_status = 'enacted';
        set constraints all immediate`)
      updates = (performance.now() - begun) / 1_000
    })
    return { inserts: seconds - updates, total: seconds }
  })
}

/** Copies the rows to another schema and empties the tables without their triggers. Returns a function that inserts the rows of one table. */
async function stage(client: pg.Client) {
  const qualified = (table: string) =>
    `${UNIT_TABLES.includes(table as never) ? 'public' : 'cutter_governance'}.${table}`
  await client.query('create schema staged')
  const columns = new Map<string, string>()
  for (const table of TABLES) {
    const { rows } = await client.query<{ names: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as names from pg_attribute
       where attrelid = '${qualified(table)}'::regclass and attnum > 0 and attgenerated = ''`,
    )
    columns.set(table, rows[0]!.names)
    const draft =
      table === 'unit_version' ? ", 'draft' as draft, null::timestamptz as never" : ", 'draft' as draft"
    await client.query(`create table staged.${table} as select *${draft} from ${qualified(table)}`)
  }
  await client.query(`
    grant usage on schema staged to public;
    grant select on all tables in schema staged to public;
    set session_replication_role = replica;
    truncate ${TABLES.map(qualified).join(', ')};
    reset session_replication_role`)
  await client.query('analyze')
  const born = (names: string) =>
    names.replace(/\blifecycle_status\b/, 'draft').replace(/\benacted_at\b/, 'never')
  return (table: string, where = 'true') => {
    const names = columns.get(table)!
    return client.query(
      `insert into ${qualified(table)} (${names}) select ${born(names)} from staged.${table} where ${where}`,
    )
  }
}

/** Runs work with a connection, and closes it. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
