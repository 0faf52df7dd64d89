import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectFailedError, OutcomeUnknownError } from '../../../src/targets/postgres/connection-errors.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { findTargetStop } from '../../../src/targets/postgres/target-stops.ts'
import { inTransaction } from '../../../src/targets/postgres/transactions.ts'
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

describe('findTargetStop', () => {
  const run = (at: string, sql: string) => failureOf(withSession(at, SESSION, (client) => client.query(sql)))
  const plain = () => server.urlWith({ username: 'plain', password: 'a-password' })

  test.each([
    [
      'a port without a listener',
      'STOP_TARGET_UNREACHABLE',
      'ECONNREFUSED',
      () => run(server.urlWith({ port: '1' }), 'select 1'),
    ],
    [
      'a host without an address',
      'STOP_TARGET_UNREACHABLE',
      'ENOTFOUND',
      () => run(server.urlWith({ hostname: 'no-such-host.invalid' }), 'select 1'),
    ],
    [
      'a wrong password',
      'STOP_TARGET_REFUSED',
      '28P01',
      () => run(server.urlWith({ password: 'wrong-secret' }), 'select 1'),
    ],
    [
      'no password at all',
      'STOP_TARGET_REFUSED',
      null,
      () => run(server.urlWith({ password: '' }), 'select 1'),
    ],
    [
      'a role that may not log in',
      'STOP_TARGET_REFUSED',
      '28000',
      () => run(server.urlWith({ username: 'barred', password: 'a-password' }), 'select 1'),
    ],
    [
      'a database that does not exist',
      'STOP_TARGET_REFUSED',
      '3D000',
      () => run(server.urlWith({ pathname: '/missing' }), 'select 1'),
    ],
    [
      'a privilege that is missing',
      'STOP_TARGET_REFUSED',
      '42501',
      () => run(plain(), 'select * from public.note'),
    ],
    ['a table that is missing', 'STOP_TARGET_REFUSED', '42P01', () => run(url, 'select * from missing')],
    [
      'a schema that is missing',
      'STOP_TARGET_REFUSED',
      '3F000',
      () => run(url, 'create table missing.note ()'),
    ],
    ['a function that is missing', 'STOP_TARGET_REFUSED', '42883', () => run(url, 'select missing()')],
    [
      'encryption that the server does not offer',
      'STOP_TARGET_REFUSED',
      null,
      () => run(`${url}?sslmode=require`, 'select 1'),
    ],
  ])('findTargetStop returns a stop for %s', async (_, stopCode, code, fail) => {
    const stop = findTargetStop(await fail(), 'main', 'reader')
    expect(stop?.facts).toMatchObject({
      code: stopCode,
      data: { target: 'main', role: 'reader', code },
      next: expect.any(String),
    })
    const shown = JSON.stringify(stop?.facts)
    expect(shown).not.toContain(new URL(url).password)
    expect(shown).not.toContain('wrong-secret')
    expect(shown).not.toContain('postgresql://')
  })

  test('findTargetStop names host, port and database when no session was established', async () => {
    const stop = findTargetStop(await run(server.urlWith({ port: '1' }), 'select 1'), 'main', 'reader')
    expect(stop?.facts.data).toMatchObject({ host: '127.0.0.1', port: 1, database: 'postgres' })
    expect(stop?.message).toContain('127.0.0.1:1/postgres')
  })

  test('findTargetStop returns STOP_TARGET_LOCKED for a lock of another session', async () => {
    const waiting = await withSession(url, SESSION, (holder) =>
      inTransaction(holder, async () => {
        await holder.query('lock table public.note')
        return failureOf(
          withSession(url, { ...SESSION, lockTimeoutMs: 100 }, (client) =>
            client.query('insert into public.note values (70)'),
          ),
        )
      }),
    )
    expect(findTargetStop(waiting, 'main', 'executor')?.facts.code).toBe('STOP_TARGET_LOCKED')
  })

  test('findTargetStop returns STOP_TARGET_UNREACHABLE for a server that accepts no more connections', async () => {
    await server.asSuperuser('alter role plain connection limit 0')
    expect(findTargetStop(await run(plain(), 'select 1'), 'main', 'reader')?.facts.code).toBe(
      'STOP_TARGET_UNREACHABLE',
    )
    await server.asSuperuser('alter role plain connection limit -1')
  })

  test('findTargetStop returns null when the outcome is unknown', async () => {
    const lost = await run(url, 'select pg_terminate_backend(pg_backend_pid())')
    expect(lost).not.toBeInstanceOf(ConnectFailedError)
    expect(findTargetStop(lost, 'main', 'executor')?.facts.code).toBe('STOP_TARGET_UNREACHABLE')
    const unknown = new OutcomeUnknownError(lost)
    expect(findTargetStop(unknown, 'main', 'executor')).toBeNull()
    expect(unknown.ifMissing?.facts.code).toBe('STOP_TARGET_UNREACHABLE')
    expect(findTargetStop(await run(url, 'select 1/0'), 'main', 'executor')).toBeNull()
    expect(findTargetStop('a word', 'main', 'executor')).toBeNull()
  })
})
