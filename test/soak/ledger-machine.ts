/**
 * A machine that writes one line for each of its two effects into a table of a PostgreSQL, fenced as docs/machines.md says. A line that is there twice
 * is a write that was done twice.
 */
export const ledgerMachine = (pgModule: string): string => `
import pg from '${pgModule}'
import { Stop, chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'

const input = z.object({ id: z.string() })

async function transaction(signal, work) {
  const client = new pg.Client({ connectionString: process.env.LEDGER_URL, connectionTimeoutMillis: 5000, query_timeout: 20000 })
  client.on('error', () => {})
  const end = () => client.connection.stream.destroy()
  signal.addEventListener('abort', end, { once: true })
  try {
    await client.connect()
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } finally {
    signal.removeEventListener('abort', end)
    await Promise.race([client.end().catch(() => {}), new Promise((done) => setTimeout(done, 1000))])
  }
}

/** Takes the lock of the run's effect, and refuses an attempt that a later one has overtaken. */
async function fence(client, { runId, token }, effect) {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [runId + effect])
  const { rows } = await client.query(
    'insert into fence values ($1, $2, $3, $4) on conflict (run_id, effect) do update set seq = excluded.seq, attempt = excluded.attempt ' +
      'where (fence.seq, fence.attempt) <= (excluded.seq, excluded.attempt) returning 1',
    [runId, effect, token.seq, token.attempt],
  )
  if (rows.length === 0) throw new Stop('STOP_FENCED', 'a later attempt was here')
}

const plan = readEffect({
  name: 'plan',
  input,
  execute: ({ signal }, { id }) => transaction(signal, async (client) => {
    const { rows } = await client.query('select count(*)::int as n from ledger where id = $1', [id])
    return planOf('SG1', { action: 'add', id, lines: rows[0].n })
  }),
})

const write = (name) => writeEffect({
  name,
  input,
  async execute(context, { id }) {
    await transaction(context.signal, async (client) => {
      await fence(client, context, name)
      await client.query('insert into ledger values ($1, $2, $3)', [context.runId, name, id])
    })
    return { output: {} }
  },
  simulate: async () => ({ output: {} }),
  probe: (context) => transaction(context.signal, async (client) => {
    await fence(client, context, name)
    const { rows } = await client.query('select 1 from ledger where run_id = $1 and effect = $2', [context.runId, name])
    return rows.length > 0 ? { outcome: 'committed', output: {} } : { outcome: 'not-committed' }
  }),
})

export const machine = defineMachine({
  name: 'ledger',
  version: '1',
  input,
  effects: [plan, write('debit'), write('credit')],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: gated('SG1', { recheck: 'plan', work: 'debit', next: 'DEBITED' }),
    DEBITED: work('credit', 'CLOSEOUT_REPORTED'),
    CLOSEOUT_REPORTED: success,
  }),
})
`
export const LEDGER_TABLES = `
create table ledger (run_id text not null, effect text not null, id text not null);
create index on ledger (run_id);
create table fence (run_id text not null, effect text not null, seq int not null, attempt int not null, primary key (run_id, effect));
`
