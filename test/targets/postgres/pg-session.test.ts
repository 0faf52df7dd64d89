import { createServer } from 'node:net'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CutterError } from '../../../src/domain/errors.ts'
import { type EmbeddedServer, openEmbedded } from '../../../src/targets/embedded/open-embedded.ts'
import {
  ConnectFailedError,
  findTargetStop,
  inReadOnlyTransaction,
  inTransaction,
  OutcomeUnknownError,
  withSession,
} from '../../../src/targets/postgres/pg-session.ts'
import { aHome, clean } from '../embedded/embedded-homes.ts'

let server: EmbeddedServer
let url: string

beforeAll(async () => {
  server = await openEmbedded(aHome())
  url = server.url('postgres', 'postgres')
  await asOwner(`
    create table note (id int primary key, text text);
    create table child (id int references note deferrable initially deferred);
    create role plain login password 'a-password';
    create role barred nologin password 'a-password'`)
})

afterAll(async () => {
  await server.release()
  expect(await clean()).toEqual([])
})

const session = { applicationName: 'test' }

function asOwner(sql: string): Promise<pg.QueryResult> {
  return withSession(url, session, (client) => client.query(sql))
}

function urlWith(parts: {
  username?: string
  password?: string
  pathname?: string
  port?: string
  hostname?: string
}): string {
  return Object.assign(new URL(url), parts).href
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error,
  )
}

/** Backends that the server still has under a name. */
async function backends(applicationName: string): Promise<number> {
  const sql = `select count(*)::int as count from pg_stat_activity where application_name = '${applicationName}'`
  return (await asOwner(sql)).rows[0].count
}

async function pidOf(client: pg.Client): Promise<number> {
  return (await client.query('select pg_backend_pid() as pid')).rows[0].pid
}

describe('a session', () => {
  test('carries its name and limits, in UTC', async () => {
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
    ]
    const { rows } = await withSession(url, options, (client) =>
      client.query('select name, current_setting(name) as value from unnest($1::text[]) as name', [names]),
    )
    expect(rows.map((row) => row.value)).toEqual(['cutter test', '1500ms', '700ms', 'on', 'UTC'])
  })

  test('gives times as ISO text with all their digits', async () => {
    const { rows } = await asOwner(
      "select timestamptz '2026-01-02 03:04:05.678901+02' as at, timestamp '2026-01-02 03:04:05' as local, date '2026-01-02' as day",
    )
    expect(rows[0]).toEqual({
      at: '2026-01-02T01:04:05.678901Z',
      local: '2026-01-02T03:04:05',
      day: '2026-01-02',
    })
  })

  test('ends its connection after success and after failure', async () => {
    await withSession(url, { applicationName: 'ends well' }, (client) => client.query('select 1'))
    await failureOf(
      withSession(url, { applicationName: 'ends badly' }, (client) => client.query('select 1/0')),
    )
    await expect.poll(() => backends('ends well')).toBe(0)
    await expect.poll(() => backends('ends badly')).toBe(0)
  })

  test('stops a statement that runs over its time', async () => {
    const slow = withSession(url, { ...session, statementTimeoutMs: 50 }, (client) =>
      client.query('select pg_sleep(30)'),
    )
    expect(await failureOf(slow)).toMatchObject({ code: '57014' })
  })

  test('cancels the running statement on abort, with the reason of the abort', async () => {
    const abort = new AbortController()
    const reason = new Error('the operator interrupted')
    const started = Date.now()
    const sleeping = withSession(url, { applicationName: 'sleeper', signal: abort.signal }, (client) => {
      setTimeout(() => abort.abort(reason), 100)
      return client.query('select pg_sleep(30)')
    })
    expect(await failureOf(sleeping)).toBe(reason)
    expect(Date.now() - started).toBeLessThan(2_000)
    await expect.poll(() => backends('sleeper')).toBe(0)
  })

  test('gives up connecting on abort', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const { port } = silent.address() as { port: number }
    const abort = AbortSignal.timeout(100)
    const started = Date.now()
    const failure = await failureOf(
      withSession(urlWith({ port: String(port) }), { ...session, signal: abort }, async () => 0),
    )
    silent.close()
    expect(failure.name).toBe('TimeoutError')
    expect(Date.now() - started).toBeLessThan(2_000)
  })

  test('refuses to begin under a signal that is aborted', async () => {
    const failure = await failureOf(
      withSession(url, { ...session, signal: AbortSignal.abort() }, async () => 'worked'),
    )
    expect(failure.name).toBe('AbortError')
  })

  test('keeps the password of an unreadable URL to itself', async () => {
    const failure = await failureOf(
      withSession('postgresql://role:s3cret@host:port/db', session, async () => 0),
    )
    expect(failure).toBeInstanceOf(CutterError)
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`).not.toContain('s3cret')
  })
})

describe('a read-only transaction', () => {
  test('is refused a write by the server, and answers that no transaction id was assigned', async () => {
    await withSession(url, session, async (client) => {
      const refused = await failureOf(
        inReadOnlyTransaction(client, () => client.query('insert into note values (1)')),
      )
      expect(refused).toMatchObject({ code: '25006' })
      const read = await inReadOnlyTransaction(
        client,
        async () => (await client.query('select count(*)::int as count from note')).rows,
      )
      expect(read).toEqual({ value: [{ count: 0 }], transactionId: null })
    })
  })

  test('tells the transaction id where one was assigned after all', async () => {
    await withSession(url, session, async (client) => {
      const read = await inReadOnlyTransaction(client, () => client.query('select pg_current_xact_id()'))
      expect(read.transactionId).toMatch(/^\d+$/)
    })
  })

  test('sees one state of the world throughout', async () => {
    await withSession(url, session, async (client) => {
      const count = async () => (await client.query('select count(*)::int as count from note')).rows[0].count
      const { value } = await inReadOnlyTransaction(client, async () => {
        const before = await count()
        await asOwner("insert into note values (50, 'of another session')")
        return [before, await count()]
      })
      expect(value).toEqual([0, 0])
      expect(await count()).toBe(1)
    })
    await asOwner('delete from note where id = 50')
  })
})

describe('a writing transaction', () => {
  const count = async () => (await asOwner('select count(*)::int as count from note')).rows[0].count

  test('commits what it did', async () => {
    const before = await count()
    const value = await withSession(url, session, (client) =>
      inTransaction(
        client,
        async () => (await client.query("insert into note values (10, 'kept') returning text")).rows,
      ),
    )
    expect(value).toEqual([{ text: 'kept' }])
    expect(await count()).toBe(before + 1)
  })

  test('rolls back on an error and throws that error', async () => {
    const before = await count()
    const mine = new Error('mine')
    await withSession(url, session, async (client) => {
      const failed = inTransaction(client, async () => {
        await client.query('insert into note values (11)')
        throw mine
      })
      expect(await failureOf(failed)).toBe(mine)
      expect(await inTransaction(client, async () => 'the session goes on')).toBe('the session goes on')
    })
    expect(await count()).toBe(before)
  })

  test('throws what the server answers to COMMIT as it is: a deferred constraint means rolled back, not unknown', async () => {
    const failed = withSession(url, session, (client) =>
      inTransaction(client, () => client.query('insert into child values (404)')),
    )
    expect(await failureOf(failed)).toMatchObject({ code: '23503', severity: 'ERROR' })
    expect((await asOwner('select * from child')).rows).toEqual([])
  })

  test('does not pass for committed when a failed statement was overlooked', async () => {
    const overlooked = withSession(url, session, (client) =>
      inTransaction(client, async () => {
        await client.query('insert into note values (12)')
        await client.query('select 1/0').catch(() => undefined)
      }),
    )
    expect((await failureOf(overlooked)).message).toContain('rolled back at COMMIT')
  })

  test.each([
    [
      'during a statement',
      (client: pg.Client) => client.query('select pg_terminate_backend(pg_backend_pid())'),
    ],
    [
      'between two statements',
      async (client: pg.Client) => asOwner(`select pg_terminate_backend(${await pidOf(client)}, 2000)`),
    ],
  ])('whose backend is killed %s before COMMIT is known not to be there', async (_, kill) => {
    const before = await count()
    const killed = withSession(url, session, (client) =>
      inTransaction(client, async () => {
        await client.query('insert into note values (13)')
        await kill(client)
        await new Promise((noticed) => setTimeout(noticed, 50))
      }),
    )
    expect(await failureOf(killed)).not.toBeInstanceOf(OutcomeUnknownError)
    expect(await count()).toBe(before)
  })

  test('whose backend is killed while it commits has an unknown outcome', async () => {
    // A deferred trigger makes COMMIT slow enough to be hit.
    await asOwner(`
      create table slow (id int);
      create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return null; end $$;
      create constraint trigger dawdles after insert on slow deferrable initially deferred for each row execute function dawdle()`)
    const killed = withSession(url, { applicationName: 'slow commit' }, (client) =>
      inTransaction(client, async () => {
        const pid = await pidOf(client)
        await client.query('insert into slow values (1)')
        setTimeout(() => asOwner(`select pg_terminate_backend(${pid})`), 150)
      }),
    )
    const failure = await failureOf(killed)
    expect(failure).toBeInstanceOf(OutcomeUnknownError)
    expect(failure.cause).toMatchObject({ code: '57P01' })
    expect(findTargetStop(failure, 'main', 'executor')).toBeNull()
  })
})

describe('a stop', () => {
  const run = (at: string, sql: string) => failureOf(withSession(at, session, (client) => client.query(sql)))
  const plain = () => urlWith({ username: 'plain', password: 'a-password' })

  test.each([
    [
      'a port where nobody listens',
      'STOP_TARGET_UNREACHABLE',
      'ECONNREFUSED',
      () => run(urlWith({ port: '1' }), 'select 1'),
    ],
    [
      'a host without an address',
      'STOP_TARGET_UNREACHABLE',
      'ENOTFOUND',
      () => run(urlWith({ hostname: 'no-such-host.invalid' }), 'select 1'),
    ],
    [
      'a wrong password',
      'STOP_TARGET_REFUSED',
      '28P01',
      () => run(urlWith({ password: 'wrong-secret' }), 'select 1'),
    ],
    ['no password at all', 'STOP_TARGET_REFUSED', null, () => run(urlWith({ password: '' }), 'select 1')],
    [
      'a role that may not log in',
      'STOP_TARGET_REFUSED',
      '28000',
      () => run(urlWith({ username: 'barred', password: 'a-password' }), 'select 1'),
    ],
    [
      'a database that does not exist',
      'STOP_TARGET_REFUSED',
      '3D000',
      () => run(urlWith({ pathname: '/missing' }), 'select 1'),
    ],
    ['a privilege that is missing', 'STOP_TARGET_REFUSED', '42501', () => run(plain(), 'select * from note')],
    ['a table that is missing', 'STOP_TARGET_REFUSED', '42P01', () => run(url, 'select * from missing')],
    [
      'a schema that is missing',
      'STOP_TARGET_REFUSED',
      '3F000',
      () => run(url, 'create table missing.note ()'),
    ],
    ['a function that is missing', 'STOP_TARGET_REFUSED', '42883', () => run(url, 'select missing()')],
    [
      'encryption that the server lacks',
      'STOP_TARGET_REFUSED',
      null,
      () => run(`${url}?sslmode=verify-full`, 'select 1'),
    ],
  ])('for %s', async (_, stopCode, code, fail) => {
    const stop = findTargetStop(await fail(), 'main', 'reader')
    expect(stop?.facts).toMatchObject({
      code: stopCode,
      data: { target: 'main', role: 'reader', code },
      next: expect.any(String),
    })
    const said = JSON.stringify(stop?.facts)
    expect(said).not.toContain(new URL(url).password)
    expect(said).not.toContain('wrong-secret')
    expect(said).not.toContain('postgresql://')
  })

  test('names host, port and database when no session came about', async () => {
    const stop = findTargetStop(await run(urlWith({ port: '1' }), 'select 1'), 'main', 'reader')
    expect(stop?.facts.data).toMatchObject({ host: '127.0.0.1', port: 1, database: 'postgres' })
    expect(stop?.message).toContain('127.0.0.1:1/postgres')
  })

  test('for a lock that another session holds', async () => {
    const waiting = await withSession(url, session, (holder) =>
      inTransaction(holder, async () => {
        await holder.query('lock table note')
        return failureOf(
          withSession(url, { ...session, lockTimeoutMs: 100 }, (client) =>
            client.query('insert into note values (70)'),
          ),
        )
      }),
    )
    expect(findTargetStop(waiting, 'main', 'executor')?.facts.code).toBe('STOP_TARGET_LOCKED')
  })

  test('for a server that takes no more connections', async () => {
    await asOwner('alter role plain connection limit 0')
    expect(findTargetStop(await run(plain(), 'select 1'), 'main', 'reader')?.facts.code).toBe(
      'STOP_TARGET_UNREACHABLE',
    )
    await asOwner('alter role plain connection limit -1')
  })

  test('is not made of anything that leaves open what happened', async () => {
    const lost = await run(url, 'select pg_terminate_backend(pg_backend_pid())')
    expect(lost).not.toBeInstanceOf(ConnectFailedError)
    expect(findTargetStop(lost, 'main', 'executor')).toBeNull()
    expect(findTargetStop(await run(url, 'select 1/0'), 'main', 'executor')).toBeNull()
    expect(findTargetStop('a word', 'main', 'executor')).toBeNull()
  })
})
