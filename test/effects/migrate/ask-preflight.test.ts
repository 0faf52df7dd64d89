import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EffectContext } from '../../../src/domain/effect.ts'
import { askPreflight, askPreflightAgain } from '../../../src/effects/migrate/ask-preflight.ts'
import { digestCallDefinitions } from '../../../src/effects/migrate/call-definitions.ts'
import type { RehearsalResult } from '../../../src/effects/migrate/rehearsal-result.ts'
import { readServerIdentity } from '../../../src/effects/migrate/server-identity.ts'
import type { MigrationBundle } from '../../../src/migration/migration-bundle.ts'
import {
  type MigrationDatabase,
  openMigrationDatabase,
} from '../../../src/targets/postgres/migration-database.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

const CONTEXT = { runId: 'mig-1', signal: new AbortController().signal } as EffectContext

let cluster: Cluster
let superuser: pg.Client

beforeAll(async () => {
  cluster = await startCluster()
  superuser = await connectClient(cluster.url())
  await superuser.query('create role app login')
  await superuser.query('create database other')
}, 60_000)

beforeEach(async () => {
  await superuser.query(
    `drop owned by app cascade; drop role if exists reader;
     create role reader login; alter role reader set search_path = app, public;
     create schema app authorization app; set role app; grant usage on schema app to reader;
     create table app.open (id int); create table app.closed (id int); create table app.hidden (id int);
     alter table app.hidden enable row level security; create policy own on app.hidden using (id > 0);
     grant select on app.open, app.hidden to reader;
     create function app.is_even(n int) returns bool language sql as 'select n % 2 = 0';
     reset role`,
  )
})

afterAll(async () => {
  await superuser.end()
  await cluster.stop()
})

const login = (role: string, database = 'postgres'): MigrationDatabase =>
  openMigrationDatabase({ name: 'target shop', role, url: () => cluster.url(database, role) })

const bundleOf = (preflight: string[], statementTimeoutSeconds = 10) =>
  ({ spec: { preflight: 'preflight.sql', statementTimeoutSeconds }, preflight }) as MigrationBundle

/** As if the rehearsal had found that a check reaches nothing but these functions. */
const rehearsalOf = (texts: string[], functions: string[], calls: string) =>
  ({
    preflight: texts.map((_, at) => ({ name: `copy ${at + 1}`, pass: true, statement: at + 1 })),
    reaches: {
      preflight: texts.map(() => ({ refused: [], functions, reads: [] })),
      verify: [],
      distributions: [],
      calls,
    },
  }) as unknown as RehearsalResult

interface Options {
  reader?: MigrationDatabase | null
  functions?: string[]
  seconds?: number
}

async function given(text: string, { reader = login('reader'), functions = [], seconds }: Options) {
  const owner = login('app')
  const deps = { openDatabase: async () => owner, openReader: async () => reader }
  const identity = await owner.read(CONTEXT, readServerIdentity)
  return {
    deps,
    target: 'shop',
    identity,
    bundle: bundleOf([text], seconds),
    rehearsal: rehearsalOf([text], functions, await owner.read(CONTEXT, digestCallDefinitions)),
  }
}

async function ask(text: string, options: Options = {}) {
  const { deps, ...rest } = await given(text, options)
  return askPreflight(deps, CONTEXT, rest)
}

describe('a preflight check', () => {
  test.for([
    { reader: login.bind(null, 'reader'), asked: 'as reader reader', user: 'reader' },
    { reader: () => null, asked: 'as owner app', user: 'app' },
  ])(
    'is asked $asked, with the strict search path, in a read-only transaction',
    async ({ reader, asked, user }) => {
      const text = `select 'who' as name, concat_ws(' / ', session_user, current_setting('search_path'),
      current_setting('transaction_read_only'), current_setting('statement_timeout')) as value,
      '${user} / pg_catalog, pg_temp / on / 10s' as expected`
      const { planned, results } = await ask(text, { reader: reader() })
      expect(planned).toEqual([{ check: 'preflight.sql, statement 1', asked }])
      expect(results).toMatchObject([{ name: 'who', pass: true }])
    },
  )

  test.for([
    {
      name: 'that the reader may not read',
      text: `select 'closed' as name, count(*) = 0 as ok from app.closed`,
      because: 'the server says: permission denied for table closed',
    },
    {
      name: 'from which a policy would hide rows',
      text: `select 'hidden' as name, count(*) = 0 as ok from app.hidden`,
      because: 'the server says: query would be affected by row-level security policy for table "hidden"',
    },
    {
      name: 'that takes too long',
      text: `select 'slow' as name, count(*) > 0 as ok from generate_series(1, 2000000000)`,
      seconds: 1,
      because: 'it takes longer than 1 s',
    },
    {
      name: 'with a function of the application, as the owner,',
      text: `select 'even' as name, app.is_even(2) as ok`,
      functions: ['app.is_even(integer)'],
      reader: null,
      because: 'it runs app.is_even(integer), and cutter.yaml names no readerUrlEnv for this target',
    },
  ])('$name is seen on the copy only', async ({ text, because, ...options }) => {
    const { planned, results } = await ask(text, options)
    expect(planned).toEqual([
      { check: 'preflight.sql, statement 1', asked: 'seen on the copy only', because },
    ])
    expect(results).toMatchObject([{ name: 'copy 1', pass: true, seen: 'copy' }])
  })

  test.for([
    { of: 'create table app.mine (id int); alter table app.mine owner to reader', objection: 'owns objects' },
    {
      of: 'create role holder; create schema held authorization holder; grant holder to reader',
      objection: 'owns objects',
    },
    { of: 'alter role reader superuser', objection: 'is a superuser' },
    {
      of: 'alter role reader bypassrls',
      objection: 'may create roles or databases, replicate, or bypass policies',
    },
    { of: 'grant pg_signal_backend to reader', objection: 'is a member of pg_signal_backend' },
    { of: 'grant pg_read_server_files to reader', objection: 'is a member of pg_read_server_files' },
  ])('with a function of the application is not asked by a reader after: $of', async ({ of, objection }) => {
    await superuser.query(of)
    const { planned } = await ask(`select 'even' as name, app.is_even(2) as ok`, {
      functions: ['app.is_even(integer)'],
    })
    await superuser.query(
      'drop schema if exists held cascade; drop table if exists app.mine; drop role if exists holder',
    )
    expect(planned).toMatchObject([
      {
        asked: 'seen on the copy only',
        because: `it runs app.is_even(integer), and the reader reader ${objection}`,
      },
    ])
  })

  test.for(['grant pg_read_all_data to reader', 'grant pg_monitor to reader', 'select'])(
    'with a function of the application is asked by a reader after: %s',
    async (grant) => {
      await superuser.query(grant)
      const { planned, results } = await ask(`select 'even' as name, app.is_even(2) as ok`, {
        functions: ['app.is_even(integer)'],
      })
      expect(planned).toMatchObject([
        { asked: 'as reader reader', because: 'it runs app.is_even(integer), which bundle.yaml names' },
      ])
      expect(results).toMatchObject([{ name: 'even', pass: true }])
    },
  )

  test('fails with more rows than a person reads', async () => {
    const { results } = await ask(`select 'row ' || n as name, true as ok from generate_series(1, 1000000) n`)
    expect(results).toEqual([
      { name: 'statement 1 failed: it returned more than 1000 rows', pass: false, statement: 1 },
    ])
  })

  test('that is two statements runs neither', async () => {
    const { results } = await ask(`select 'a' as name, true as ok; select pg_notify('deploy', 'go')`)
    expect(results).toMatchObject([{ pass: false }])
  })

  test('that an earlier version rehearsed is not asked', async () => {
    const { deps, rehearsal, ...rest } = await given(`select 'a' as name, true as ok`, {})
    const { reaches: _, ...before } = rehearsal
    const { planned } = await askPreflight(deps, CONTEXT, { ...rest, rehearsal: before })
    expect(planned).toMatchObject([
      { asked: 'seen on the copy only', because: 'an earlier version of Cutter rehearsed this run' },
    ])
  })

  test.for([
    'create operator app.=== (function = int4eq, leftarg = int, rightarg = int)',
    'drop operator app.### (int, int); create operator app.### (function = app.same, leftarg = int, rightarg = int)',
    'create cast (app.open as text) with inout',
    'create cast (app.open as text) with function app.text_of(app.open)',
    'drop aggregate app.total (int); create aggregate app.total (int) (sfunc = app.same, stype = int)',
    'drop aggregate app.total (int); create aggregate app.total (int) (sfunc = int4pl, stype = int, msfunc = int4pl, minvfunc = app.same, mstype = int)',
  ])('is not asked after: %s', async (change) => {
    const objects = `create function app.same(int, int) returns int strict language sql as 'select $1';
      create function app.text_of(app.open) returns text language sql as 'select null'`
    const before = `create operator app.### (function = int4pl, leftarg = int, rightarg = int);
      create aggregate app.total (int) (sfunc = int4pl, stype = int, msfunc = int4pl, minvfunc = int4mi, mstype = int)`
    await superuser.query(`${objects}; ${before}`)
    const { deps, ...rest } = await given(`select 'open' as name, count(*) = 0 as ok from app.open`, {})
    await superuser.query(change)
    const { planned } = await askPreflight(deps, CONTEXT, rest)
    expect(planned).toMatchObject([
      {
        asked: 'seen on the copy only',
        because: 'operators, casts or aggregates of the target call other functions than in the rehearsal',
      },
    ])
  })

  test('that the target no longer answers fails at the gate', async () => {
    const { deps, rehearsal, ...rest } = await given(
      `select 'open' as name, count(*) = 0 as ok from app.open`,
      {},
    )
    const { planned } = await askPreflight(deps, CONTEXT, { ...rest, rehearsal })
    const again = () => askPreflightAgain(deps, CONTEXT, { ...rest, planned, reaches: rehearsal.reaches })
    expect(await again()).toMatchObject([{ name: 'open', pass: true }])
    await superuser.query('revoke select on app.open from reader')
    expect(await again()).toMatchObject([{ pass: false }])
  })

  test('is not asked of another database', async () => {
    await expect(ask('select 1', { reader: login('reader', 'other') })).rejects.toMatchObject({
      facts: { code: 'STOP_TARGET_REFUSED' },
    })
  })
})
