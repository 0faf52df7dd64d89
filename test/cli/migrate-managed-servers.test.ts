import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE, resume } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import {
  type BundleParts,
  migrate,
  rehearsalDatabasesOf,
  skipWithoutPgDump,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Targets and rehearsal servers without a superuser: plain owners, forced policies, trusted extensions, and a migrator that owns little. */

const skipped = skipWithoutPgDump('migrations of managed servers')

const ROLES = `
create role team; create role owner login in role team bypassrls; create role other in role owner; grant team to other;
create role mover login; grant pg_read_all_data to mover;
`
const OBJECTS = `
set role owner;
create schema extras; create extension citext schema extras; create extension pgcrypto schema extras;
create table secret (id int primary key, word extras.citext); insert into secret select n, 'Word ' || n from generate_series(1, 9) n;
alter table secret enable row level security; alter table secret force row level security;
create policy few on secret using (id < 3);
reset role; create schema theirs authorization other; set role other;
create table theirs.owned (id int primary key); insert into theirs.owned values (1); grant usage on schema theirs to owner; grant select on theirs.owned to owner;
reset role`
const MOVED = `
set role owner; create table source (id int primary key, n int); insert into source select n, n from generate_series(1, 7) n;
create table hidden (id int); create sequence numbers; select nextval('numbers');
grant usage, create on schema public to mover; reset role;
set role mover; create table moved (id int primary key); insert into moved values (0); reset role`

const ofOwner: BundleParts = {
  migration: `alter table secret add column state text default 'kept';
update secret set state = 'seen' where id > 2;`,
  preflight: "select 'nine' as name, count(*) as value, 9 as expected from public.secret",
  verify: "select 'seven' as name, count(*) as value, 7 as expected from public.secret where state = 'seen'",
  rollback: 'alter table secret drop column state',
  spec: {
    expect: {
      schema: { added: ['column public.secret.state'] },
      rows: { 'public.secret': { updated: 7 } },
    },
    sideEffects: [],
  },
}
const ofMover: BundleParts = {
  migration: `insert into moved select id from source;
create table made as select count(*) as n from hidden;`,
  preflight: "select 'seven' as name, count(*) as value, 7 as expected from public.source",
  verify: "select 'eight' as name, count(*) as value, 8 as expected from public.moved",
  rollback: 'delete from moved where id > 0; drop table made',
  spec: {
    expect: {
      schema: { added: ['table public.made'] },
      rows: { 'public.moved': { inserted: 7 }, 'public.made': { inserted: 1 } },
    },
    sideEffects: [],
  },
}

describe.skipIf(skipped !== null)('a migration without any superuser', { timeout: 300_000 }, () => {
  let at: CutterHome
  let key: string
  let production: Cluster
  let rehearsals: Cluster
  let keeper: pg.Client

  beforeAll(async () => {
    at = aCutterHome(`${LIVE}
targets:
  shop: { migratorUrlEnv: SHOP_URL, rehearsalUrlEnv: COPIES_URL }
`)
    key = aSigner(at, undefined, 'cutter.*')
    production = await startCluster()
    rehearsals = await startCluster(undefined, 'keeper')
    const maker = await connectClient(production.url())
    await maker.query(ROLES)
    for (const name of ['shop', 'moved']) await maker.query(`create database ${name} owner owner`)
    await maker.end()
    for (const [name, text] of [
      ['shop', OBJECTS],
      ['moved', MOVED],
    ] as const) {
      const client = await connectClient(production.url(name))
      await client.query(text)
      await client.end()
    }
    keeper = await connectClient(rehearsals.url())
    await keeper.query("create role chief login createdb password 'of-the-chief'")
    await enableExecution(at)
    at.env.COPIES_URL = rehearsals.url('postgres', 'chief:of-the-chief')
  }, 300_000)

  afterAll(async () => {
    await keeper.end()
    await at.remove()
    await rehearsals.stop()
    await production.stop()
  }, 300_000)

  const rolesThere = async () =>
    (await keeper.query("select rolname from pg_roles where rolname !~ '^pg_' order by 1")).rows.map(
      ({ rolname }) => rolname,
    )

  test('is refused with the SQL that its rehearsal server needs, and goes through once that was run', async () => {
    at.env.SHOP_URL = production.url('shop', 'owner')
    const run = jsonOf<RunJson>(
      await migrate(at, writeMigrationBundle(at, 'of-owner', ofOwner), '--mode', 'live'),
    )
    expect(run).toMatchObject({ stopCode: 'STOP_REHEARSAL_NOT_REPRESENTATIVE', state: 'BUNDLE_PINNED' })
    expect(run.stop?.message).toBe(
      'the login chief of the rehearsal server of target shop may not create roles; it may not let the role "owner" bypass policies, as on the target; nothing was made there, and the target was not changed',
    )
    expect(await rolesThere()).toEqual(['chief', 'keeper'])
    const sql = /run on that server, as a role that may: (.*;) Then resume/.exec(run.stop!.next!)![1]!
    await keeper.query(sql)
    const paused = jsonOf<RunJson>(await resume(at, run.runId))
    expect(paused.stop).toBeUndefined()
    expect(paused).toMatchObject({ gate: 'SG1', output: { rehearsalServer: 'shop' } })
    const done = jsonOf<RunJson>(await approve(at, run.runId, key))
    expect(done.stop).toBeUndefined()
    expect(done).toMatchObject({ outcome: 'succeeded' })
    expect(await rehearsalDatabasesOf(at)).toMatchObject([{ runId: run.runId, place: 'shop' }])
    const removal = jsonOf<RunJson>(await at.cutter(['rehearsal', 'remove', run.runId, '--json']))
    expect(jsonOf<RunJson>(await approve(at, removal.runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(await rolesThere()).toEqual(['chief', 'keeper'])
  })

  test.each([
    { where: 'on a named server', named: true },
    { where: 'on a server that Cutter makes', named: false },
  ])('reads by pg_read_all_data what its migrator does not own, $where', async ({ named }) => {
    at.file(
      'cutter.yaml',
      `${LIVE}targets:\n  shop: { migratorUrlEnv: SHOP_URL${named ? ', rehearsalUrlEnv: COPIES_URL' : ''} }\n`,
    )
    at.env.SHOP_URL = production.url('moved', 'mover')
    const dry = jsonOf<RunJson>(await migrate(at, writeMigrationBundle(at, `of-mover-${named}`, ofMover)))
    expect(dry.stop).toBeUndefined()
    expect(dry).toMatchObject({ gate: 'SG1', output: { rehearsalServer: named ? 'shop' : 'embedded' } })
    const rehearsed = jsonOf<{ approvalId: string }>(
      await at.cutter(['approval', 'rehearse', dry.runId, '--json', '--as', 'alice@example.org']),
    )
    const done = jsonOf<RunJson>(await resume(at, dry.runId, rehearsed.approvalId))
    expect(done.stop).toBeUndefined()
    expect(done).toMatchObject({ outcome: 'succeeded' })
  })
})
