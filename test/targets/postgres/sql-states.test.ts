import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { findMigrationStop, findTargetStop } from '../../../src/targets/postgres/target-stops.ts'
import { failureOf, SESSION, type SessionServer, startSessionServer } from './session-fixture.ts'

/** What the faults of a server become, with a real server behind them. */

let server: SessionServer
beforeAll(async () => {
  server = await startSessionServer()
})
afterAll(async () => {
  expect(await server.stop()).toEqual([])
})

const run = (sql: string, options = {}) =>
  failureOf(withSession(server.url, { ...SESSION, ...options }, (client) => client.query(sql)))
const raise = (sqlState: string) =>
  `do $$ begin raise exception using errcode = '${sqlState}', message = 'as raised'; end $$`

/** Every code of the classes 08, 25, 40, 53, 55, 57 and 58 of PostgreSQL 18, and three of XX. */
const STATES: { [stop: string]: string[] } = {
  STOP_TARGET_UNREACHABLE: [
    ...['08000', '08001', '08003', '08004', '08006', '08007', '08P01'],
    ...['53300', '57000', '57P01', '57P02', '57P03', '57P04', '57P05'],
  ],
  STOP_TARGET_READ_ONLY: ['25006'],
  STOP_TARGET_CONFLICT: ['40000', '40001', '40002', '40003', '40P01'],
  STOP_TARGET_EXHAUSTED: ['53000', '53100', '53200', '53400'],
  STOP_TARGET_LOCKED: ['55006', '55P03'],
  STOP_TARGET_REFUSED: ['55000', '55P02', '55P04'],
  STOP_TARGET_CANCELLED: ['25P03', '25P04', '57014'],
  STOP_TARGET_FAULT: [
    ...['25000', '25001', '25002', '25003', '25004', '25005', '25007', '25008', '25P01', '25P02'],
    ...['58000', '58030', '58P01', '58P02', '58P03', 'XX000', 'XX001', 'XX002'],
  ],
}

describe('a SQLSTATE', () => {
  test.each(
    Object.entries(STATES).flatMap(([stop, states]) => states.map((state) => [state, stop] as const)),
  )(
    '%s becomes %s, for a target and for a database that is migrated, with what to do next',
    async (state, code) => {
      const error = await run(raise(state))
      for (const stop of [
        findTargetStop(error, 'main', 'executor'),
        findMigrationStop(error, 'target shop', 'migrator'),
      ])
        expect(stop?.facts).toMatchObject({
          code,
          next: expect.stringContaining('resume'),
          data: { code: state },
        })
    },
  )
})

describe('a fault of the server', () => {
  test.each([
    [
      'a server that only reads',
      'STOP_TARGET_READ_ONLY',
      () => run('create table nothing ()', { readOnly: true }),
    ],
    [
      'a statement past its time',
      'STOP_TARGET_CANCELLED',
      () => run('select pg_sleep(60)', { statementTimeoutMs: 50 }),
    ],
    [
      'a session that the server ends',
      'STOP_TARGET_UNREACHABLE',
      () => run('select pg_terminate_backend(pg_backend_pid())'),
    ],
    [
      'a transaction that idles past its time',
      'STOP_TARGET_CANCELLED',
      () =>
        failureOf(
          withSession(server.url, SESSION, async (client) => {
            await client.query("set idle_in_transaction_session_timeout = '50ms'")
            await client.query('begin')
            await new Promise((resolve) => client.once('end', resolve))
            return client.query('select 1')
          }),
        ),
    ],
  ])('%s becomes %s', async (_, code, fail) => {
    expect(findTargetStop(await fail(), 'main', 'executor')?.facts.code).toBe(code)
  })
})
