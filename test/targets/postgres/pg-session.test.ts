import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CutterError } from '../../../src/domain/errors.ts'
import { statementLimitMs, WRITE_IDLE_MS, withSession } from '../../../src/targets/postgres/pg-session.ts'
import { failureOf, SESSION, type SessionServer, startSessionServer } from './session-fixture.ts'

let server: SessionServer
let url: string

beforeAll(async () => {
  server = await startSessionServer()
  url = server.url
})

afterAll(async () => {
  expect(await server.stop()).toEqual([])
})

/** The number of backends that the server still has under a name. */
async function backends(applicationName: string): Promise<number> {
  const sql = `select count(*)::int as count from pg_stat_activity where application_name = '${applicationName}'`
  return (await server.asSuperuser(sql)).rows[0].count
}

describe('withSession', () => {
  test('withSession sets the name, the limits and UTC', async () => {
    const options = {
      applicationName: 'cutter test',
      statementTimeoutMs: 1_500,
      lockTimeoutMs: 700,
      readOnly: true,
    }
    const names = [
      'application_name',
      'statement_timeout',
      'lock_timeout',
      'default_transaction_read_only',
      'timezone',
      'jit',
    ]
    const { rows } = await withSession(url, options, (client) =>
      client.query('select name, current_setting(name) as value from unnest($1::text[]) as name', [names]),
    )
    expect(rows.map((row) => row.value)).toEqual(['cutter test', '1500ms', '700ms', 'on', 'UTC', 'off'])
  })

  test('withSession returns times as ISO text with all digits', async () => {
    const { rows } = await server.asSuperuser(
      "select timestamptz '2026-01-02 03:04:05.678901+02' as at, timestamp '2026-01-02 03:04:05' as local, date '2026-01-02' as day",
    )
    expect(rows[0]).toEqual({
      at: '2026-01-02T01:04:05.678901Z',
      local: '2026-01-02T03:04:05',
      day: '2026-01-02',
    })
  })

  test('withSession ends its connection after success and after failure', async () => {
    await withSession(url, { applicationName: 'ends well' }, (client) => client.query('select 1'))
    await failureOf(
      withSession(url, { applicationName: 'ends badly' }, (client) => client.query('select 1/0')),
    )
    await expect.poll(() => backends('ends well')).toBe(0)
    await expect.poll(() => backends('ends badly')).toBe(0)
  })

  test('withSession stops a statement that exceeds its timeout', async () => {
    const slow = withSession(url, { ...SESSION, statementTimeoutMs: 50 }, (client) =>
      client.query('select pg_sleep(30)'),
    )
    expect(await failureOf(slow)).toMatchObject({ code: '57014' })
  })

  test('withSession cancels the running statement on abort, and throws the reason of the abort', async () => {
    const abort = new AbortController()
    const reason = new Error('the operator interrupted')
    const started = Date.now()
    const sleeping = withSession(url, { applicationName: 'sleeper', signal: abort.signal }, (client) => {
      setTimeout(() => abort.abort(reason), 100)
      return client.query('select pg_sleep(30)')
    })
    expect(await failureOf(sleeping)).toBe(reason)
    expect(Date.now() - started).toBeLessThan(20_000)
    await expect.poll(() => backends('sleeper')).toBe(0)
  })

  test('withSession stops connecting on abort', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const { port } = silent.address() as { port: number }
    const abort = AbortSignal.timeout(100)
    const started = Date.now()
    const failure = await failureOf(
      withSession(server.urlWith({ port: String(port) }), { ...SESSION, signal: abort }, async () => 0),
    )
    silent.close()
    expect(failure.name).toBe('TimeoutError')
    expect(Date.now() - started).toBeLessThan(8_000)
  })

  test('withSession refuses a signal that is already aborted', async () => {
    const failure = await failureOf(
      withSession(url, { ...SESSION, signal: AbortSignal.abort() }, async () => 'worked'),
    )
    expect(failure.name).toBe('AbortError')
  })

  test('withSession hides the password of an invalid URL', async () => {
    const failure = await failureOf(
      withSession('postgresql://role:s3cret@host:port/db', SESSION, async () => 0),
    )
    expect(failure).toBeInstanceOf(CutterError)
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`).not.toContain('s3cret')
  })
})

describe('deadlines on the server', () => {
  const settings = async (options: object) =>
    withSession(url, { ...SESSION, ...options }, async (client) => {
      const { rows } = await client.query<{ statement: string; idle: string }>(
        `select (select setting from pg_settings where name = 'statement_timeout') as statement,
           (select setting from pg_settings where name = 'idle_in_transaction_session_timeout') as idle`,
      )
      return rows[0]!
    })

  test('every session has a limit for its statements', async () => {
    expect(await settings({})).toEqual({ statement: '3600000', idle: '0' })
    expect(await settings({ idleInTransactionMs: WRITE_IDLE_MS })).toMatchObject({ idle: '60000' })
  })

  test('the limit of a caller is what its deadline leaves, and not more than the statements may take', () => {
    const now = () => new Date('2026-03-01T09:00:00.000Z')
    const caller = { runId: 'r', signal: new AbortController().signal, now }
    const inAMinute = { ...caller, deadline: new Date('2026-03-01T09:01:00.000Z') }
    expect(statementLimitMs(caller)).toBe(3_610_000)
    expect(statementLimitMs(inAMinute)).toBe(70_000)
    expect(statementLimitMs(inAMinute, 5_000)).toBe(5_000)
    expect(statementLimitMs({ ...inAMinute, deadline: new Date('2026-03-01T08:00:00.000Z') })).toBe(10_000)
  })
})
