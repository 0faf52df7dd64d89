import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDatabaseProfile } from '../../../src/effects/migrate/database-profile.ts'
import type { ServerIdentity } from '../../../src/targets/postgres/migration-database.ts'
import type { SourceProfile } from '../../../src/targets/postgres/rehearsal-database.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import { openNamedServer } from '../../../src/targets/postgres/rehearsal-place.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

/** The source and the rehearsal server are two clusters, each with its own roles. */

let source: Cluster
let server: Cluster
let shop: pg.Client
let administrator: pg.Client
let databases: MigrationRehearsalDatabases
let urls: { [name: string]: string }
let profile: SourceProfile

const identity: ServerIdentity = {
  systemIdentifier: '1',
  database: 'shop',
  versionNumber: 150_018,
  version: '15.18',
  role: 'migrator',
  timeline: 1,
  inRecovery: false,
}
const context = { runId: 'mig-1', signal: new AbortController().signal }
const facts = {
  place: 'shop',
  database: 'rehearsal_mig_1',
  runId: 'mig-1',
  target: 'shop',
  source: { systemIdentifier: '1', database: 'shop' },
  madeAt: '2026-03-01T09:00:00.000Z',
}

async function profileOf(client: pg.Client): Promise<SourceProfile> {
  await client.query('begin read only')
  const found = await readDatabaseProfile(client)
  await client.query('rollback')
  return found
}

beforeAll(async () => {
  ;[source, server] = await Promise.all([startCluster(), startCluster()])
  const maker = await connectClient(source.url())
  await maker.query(
    'create role team nologin; create role migrator login in role team; create role idle login',
  )
  await maker.query('create database shop owner team')
  await maker.query('revoke temporary on database shop from public; grant create on database shop to idle')
  await maker.query('alter database shop set search_path = app, "$user", public')
  await maker.query('alter role migrator in database shop set app.mode = \'a, "b"\'')
  await maker.end()
  shop = await connectClient(source.url('shop', 'migrator'))
  profile = await profileOf(shop)
  administrator = await connectClient(server.url())
  await administrator.query('create role modest login createdb')
  urls = { shop: server.url() }
  const open = (name: string) =>
    openNamedServer(name, async (database) => urls[name]!.replace(/\/postgres$/, `/${database}`))
  databases = openRehearsalDatabases({
    find: async (name) => (urls[name] === undefined ? null : open(name)),
    list: async () => Object.keys(urls).map(open),
  })
}, 120_000)

afterAll(async () => {
  await Promise.all([shop.end(), administrator.end()])
  await Promise.all([source.stop(), server.stop()])
})

describe('chooseServer', () => {
  test('chooseServer prefers the server that the target names, if it has the same major version', async () => {
    expect(await databases.chooseServer('shop', identity, profile)).toBe('shop')
  })

  test('chooseServer uses the embedded server when the target names no suitable server', async () => {
    urls = { embedded: server.url(), shop: server.url() }
    expect(await databases.chooseServer('shop', identity, profile)).toBe('shop')
    urls = { embedded: server.url() }
    expect(await databases.chooseServer('shop', identity, profile)).toBe('embedded')
    urls = { shop: server.url() }
  })

  test('chooseServer stops when every server has another major version', async () => {
    await expect(
      databases.chooseServer('shop', { ...identity, versionNumber: 160_004 }, profile),
    ).rejects.toThrow(
      'target shop runs PostgreSQL 16, and no rehearsal server does (shop has 15); nothing was changed',
    )
  })

  test('chooseServer refuses the target’s own server', async () => {
    const { rows } = await administrator.query<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    )
    await expect(
      databases.chooseServer('shop', { ...identity, systemIdentifier: rows[0]!.id }, profile),
    ).rejects.toThrow('shop names the target’s own server')
  })

  test('chooseServer names what a login may not do, and does not use another server instead', async () => {
    urls = { embedded: server.url(), shop: server.url('postgres', 'modest') }
    await expect(databases.chooseServer('shop', identity, profile)).rejects.toMatchObject({
      message:
        'the login modest of the rehearsal server of target shop may not create roles; nothing was made there, and the target was not changed',
      facts: { next: expect.stringContaining('alter role "modest" createrole;') },
    })
    urls = { shop: server.url() }
  })
})

describe('a rehearsal database', () => {
  test('what sessions make for a time needs no role in a copy, while they work and afterwards', async () => {
    const before = (await profileOf(shop)).roles
    const other = await connectClient(source.url('shop'))
    await other.query(`create temp table made (a int, b text); alter table made owner to idle;
      create type pg_temp.kind as enum ('a'); create function pg_temp.one() returns int language sql return 1`)
    expect((await profileOf(shop)).roles).toEqual(before)
    await other.end()
    expect((await profileOf(shop)).roles).toEqual(before)
  })

  test('create gives the database the settings and the roles of its source', async () => {
    const profile = await profileOf(shop)
    expect(profile.roles.map(({ name }) => name)).toEqual(['idle', 'migrator', 'team'])
    await databases.create(facts, profile)
    await databases.seal(facts, profile)
    const seen = await (await databases.open(facts, 'migrator')).session(
      context,
      { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 },
      async (sql) =>
        (
          await sql.query(
            `select current_user::text as role, (select reset_val from pg_settings where name = 'search_path') as path, current_setting('app.mode') as mode,
               pg_has_role('team', 'member') as member, session_user::text as login`,
          )
        ).rows[0],
    )
    expect(seen).toEqual({
      role: 'migrator',
      path: 'app, "$user", public',
      mode: 'a, "b"',
      member: true,
      login: 'migrator',
    })
    expect(await databases.list()).toEqual([{ ...facts, roles: ['idle', 'migrator', 'team'] }])
  })

  test('create gives the database the owner and the privileges of its source', async () => {
    const rights = async (client: pg.Client, name: string) => {
      const { rows } = await client.query(
        `select pg_get_userbyid(datdba)::text as owner, datacl::text from pg_database where datname = $1`,
        [name],
      )
      return rows[0]
    }
    expect(await rights(administrator, facts.database)).toEqual(await rights(shop, 'shop'))
    const schema = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 }
    await (await databases.open(facts, 'migrator')).session(context, schema, (sql) =>
      sql.query(
        'set role team; create schema made; create table public.made (id int); drop table public.made',
      ),
    )
  })

  test('markUsed returns true when the database was marked before', async () => {
    expect(await databases.markUsed(facts, context)).toBe(false)
    expect(await databases.markUsed(facts, context)).toBe(true)
  })

  test('drop removes roles that no other rehearsal database names, and keeps roles that existed before', async () => {
    const other = { ...facts, database: 'rehearsal_mig_2', runId: 'mig-2' }
    await databases.create(other, await profileOf(shop))
    const roles = async () => {
      const { rows } = await administrator.query<{ name: string }>(
        "select rolname as name from pg_roles where rolname in ('idle', 'migrator', 'team', 'modest') order by 1",
      )
      return rows.map(({ name }) => name)
    }
    await databases.drop(facts)
    expect(await roles()).toEqual(['idle', 'migrator', 'modest', 'team'])
    await databases.drop(other)
    expect(await roles()).toEqual(['modest'])
    expect(await databases.list()).toEqual([])
  })

  test('create takes every power from a role that an earlier version left on the server', async () => {
    await administrator.query(
      "create role migrator superuser createdb createrole in role pg_execute_server_program; comment on role migrator is 'made by cutter for rehearsals'",
    )
    const other = { ...facts, database: 'rehearsal_mig_3', runId: 'mig-3' }
    await databases.create(other, await profileOf(shop))
    const { rows } = await administrator.query(
      `select rolsuper or rolcreaterole or rolcreatedb as power, pg_has_role('migrator', 'pg_execute_server_program', 'member') as programs
       from pg_roles where rolname = 'migrator'`,
    )
    expect(rows).toEqual([{ power: false, programs: false }])
    await databases.drop(other)
  })

  test.each(['migrator', 'team'])('create stops when the server has a role %s of its own', async (name) => {
    await administrator.query(`create role ${name}`)
    await shop.query('set role team; create table public.needed (id int); reset role')
    const other = { ...facts, database: 'rehearsal_mig_4', runId: 'mig-4' }
    await expect(databases.create(other, await profileOf(shop))).rejects.toThrow(
      `the rehearsal server has a role ${name} that Cutter did not create`,
    )
    await shop.query('set role team; drop table public.needed; reset role')
    await administrator.query(`drop role ${name}`)
  })

  test('create refuses to replace the source', async () => {
    const { rows } = await administrator.query<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    )
    const itself = {
      ...facts,
      database: 'postgres',
      source: { systemIdentifier: rows[0]!.id, database: 'postgres' },
    }
    await expect(databases.create(itself, await profileOf(shop))).rejects.toThrow(
      'would replace its own source; nothing was changed',
    )
  })

  test('create stops when the server lacks the source’s locale', async () => {
    const profile = { ...(await profileOf(shop)), collate: 'tlh_QO.UTF-8', ctype: 'tlh_QO.UTF-8' }
    await expect(databases.create(facts, profile)).rejects.toThrow(
      'the rehearsal server can’t create a database like target shop',
    )
  })
})
