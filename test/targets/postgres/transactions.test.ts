import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OutcomeUnknownError } from '../../../src/targets/postgres/connection-errors.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { findTargetStop } from '../../../src/targets/postgres/target-stops.ts'
import { inReadOnlyTransaction, inTransaction } from '../../../src/targets/postgres/transactions.ts'
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

async function pidOf(client: pg.Client): Promise<number> {
  return (await client.query('select pg_backend_pid() as pid')).rows[0].pid
}

describe('inReadOnlyTransaction', () => {
  test('inReadOnlyTransaction can’t write, and reports that no transaction id was assigned', async () => {
    await withSession(url, SESSION, async (client) => {
      const refused = await failureOf(
        inReadOnlyTransaction(client, () => client.query('insert into public.note values (1)')),
      )
      expect(refused).toMatchObject({ code: '25006' })
      const read = await inReadOnlyTransaction(
        client,
        async () => (await client.query('select count(*)::int as count from public.note')).rows,
      )
      expect(read).toEqual({ value: [{ count: 0 }], transactionId: null })
    })
  })

  test('inReadOnlyTransaction reports an assigned transaction id', async () => {
    await withSession(url, SESSION, async (client) => {
      const read = await inReadOnlyTransaction(client, () => client.query('select pg_current_xact_id()'))
      expect(read.transactionId).toMatch(/^\d+$/)
    })
  })

  test('inReadOnlyTransaction reads one snapshot', async () => {
    await withSession(url, SESSION, async (client) => {
      const count = async () =>
        (await client.query('select count(*)::int as count from public.note')).rows[0].count
      const { value } = await inReadOnlyTransaction(client, async () => {
        const before = await count()
        await server.asSuperuser("insert into public.note values (50, 'of another session')")
        return [before, await count()]
      })
      expect(value).toEqual([0, 0])
      expect(await count()).toBe(1)
    })
    await server.asSuperuser('delete from public.note where id = 50')
  })
})

describe('inTransaction', () => {
  const count = async () =>
    (await server.asSuperuser('select count(*)::int as count from public.note')).rows[0].count

  test('inTransaction commits', async () => {
    const before = await count()
    const value = await withSession(url, SESSION, (client) =>
      inTransaction(
        client,
        async () => (await client.query("insert into public.note values (10, 'kept') returning text")).rows,
      ),
    )
    expect(value).toEqual([{ text: 'kept' }])
    expect(await count()).toBe(before + 1)
  })

  test('inTransaction rolls back on an error and throws that error', async () => {
    const before = await count()
    const error = new Error('failed on purpose')
    await withSession(url, SESSION, async (client) => {
      const failed = inTransaction(client, async () => {
        await client.query('insert into public.note values (11)')
        throw error
      })
      expect(await failureOf(failed)).toBe(error)
      expect(await inTransaction(client, async () => 'the session continues')).toBe('the session continues')
    })
    expect(await count()).toBe(before)
  })

  test('inTransaction throws the error with which the server answers COMMIT, such as that of a deferred constraint', async () => {
    const failed = withSession(url, SESSION, (client) =>
      inTransaction(client, () => client.query('insert into public.child values (404)')),
    )
    expect(await failureOf(failed)).toMatchObject({ code: '23503', severity: 'ERROR' })
    expect((await server.asSuperuser('select * from public.child')).rows).toEqual([])
  })

  test('inTransaction throws when the caller ignored a failed statement', async () => {
    const overlooked = withSession(url, SESSION, (client) =>
      inTransaction(client, async () => {
        await client.query('insert into public.note values (12)')
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
      async (client: pg.Client) =>
        server.asSuperuser(`select pg_terminate_backend(${await pidOf(client)}, 2000)`),
    ],
  ])(
    'inTransaction knows that nothing was committed when its backend is killed %s before COMMIT',
    async (_, kill) => {
      const before = await count()
      const killed = withSession(url, SESSION, (client) =>
        inTransaction(client, async () => {
          await client.query('insert into public.note values (13)')
          await kill(client)
          await new Promise((noticed) => setTimeout(noticed, 50))
        }),
      )
      expect(await failureOf(killed)).not.toBeInstanceOf(OutcomeUnknownError)
      expect(await count()).toBe(before)
    },
  )

  test('inTransaction throws OutcomeUnknownError when its backend is killed during COMMIT', async () => {
    // A deferred trigger makes COMMIT slow enough to be hit.
    await server.asSuperuser(`
      create table slow (id int);
      create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return null; end $$;
      create constraint trigger dawdles after insert on slow deferrable initially deferred for each row execute function dawdle()`)
    const killed = withSession(url, { applicationName: 'slow commit' }, (client) =>
      inTransaction(client, async () => {
        const pid = await pidOf(client)
        await client.query('insert into public.slow values (1)')
        setTimeout(() => server.asSuperuser(`select pg_terminate_backend(${pid})`), 150)
      }),
    )
    const failure = await failureOf(killed)
    expect(failure).toBeInstanceOf(OutcomeUnknownError)
    expect(failure.cause).toMatchObject({ code: '57P01' })
    expect(findTargetStop(failure, 'main', 'executor')).toBeNull()
  })
})
