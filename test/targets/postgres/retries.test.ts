import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { failureOf, SESSION, type SessionServer, startSessionServer } from './session-fixture.ts'

/** What is done again, how often, and what is not. */

let server: SessionServer
beforeAll(async () => {
  server = await startSessionServer()
})
afterAll(async () => {
  expect(await server.stop()).toEqual([])
})

const database = () => openMigrationDatabase({ name: 'target shop', role: 'migrator', url: () => server.url })
const CALLER = { runId: 'mig-1', signal: new AbortController().signal }
const LIMITS = { lockTimeoutMs: 10_000, statementTimeoutMs: 10_000 }

describe('a transaction of ours that loses against another one', () => {
  test('is done again after a deadlock, and its work stands once', async () => {
    await server.asSuperuser('insert into public.note values (1), (2)')
    let attempts = 0
    await withSession(server.url, SESSION, async (other) => {
      await other.query('begin')
      // The other one waits longer before it searches for a deadlock, so that ours is the one that is rolled back.
      await other.query(
        "set local deadlock_timeout = '30s'; update public.note set text = 'theirs' where id = 1",
      )
      let theirs: Promise<unknown> = Promise.resolve()
      let start = () => {}
      const started = new Promise<void>((resolve) => {
        start = resolve
      })
      const ours = database().transaction(CALLER, LIMITS, async (sql) => {
        attempts += 1
        await sql.query("update public.note set text = coalesce(text, '') || ' ours' where id = 2")
        if (attempts === 1) {
          theirs = other.query("update public.note set text = 'theirs' where id = 2")
          start()
        }
        await sql.query("update public.note set text = 'ours' where id = 1")
      })
      await started
      await theirs
      await other.query('commit')
      await ours
    })
    expect(attempts).toBe(2)
    const { rows } = await server.asSuperuser('select text from public.note where id in (1, 2) order by id')
    expect(rows).toEqual([{ text: 'ours' }, { text: 'theirs ours' }])
  })

  test('stops after a few attempts', async () => {
    let attempts = 0
    const failure = await failureOf(
      database().transaction(CALLER, LIMITS, async (sql) => {
        attempts += 1
        await sql.query("do $$ begin raise exception using errcode = '40001'; end $$")
      }),
    )
    expect(failure).toMatchObject({ facts: { code: 'STOP_TARGET_CONFLICT' } })
    expect(attempts).toBe(5)
  })
})

describe('a connection that is lost', () => {
  const losing = (times: number) => {
    let attempts = 0
    return async (sql: { query(text: string): Promise<{ rows: unknown[] }> }) => {
      attempts += 1
      if (attempts <= times) await sql.query('select pg_terminate_backend(pg_backend_pid())')
      return attempts
    }
  }

  test('is made again for a read', async () => {
    expect(await database().read(CALLER, losing(2) as never)).toBe(3)
  })

  test('ends a read after a few attempts', async () => {
    expect(await failureOf(database().read(CALLER, losing(99) as never))).toMatchObject({
      facts: { code: 'STOP_TARGET_UNREACHABLE' },
    })
  })

  test('ends a write at once, of which nothing remains', async () => {
    const work = losing(1)
    const failure = await failureOf(database().transaction(CALLER, LIMITS, work as never))
    expect(failure).toMatchObject({ facts: { code: 'STOP_TARGET_UNREACHABLE' } })
    expect(await work({ query: async () => ({ rows: [] }) })).toBe(2)
  })
})
