import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDatabaseProfile } from '../../../src/effects/migrate/database-profile.ts'
import type { ServerIdentity } from '../../../src/targets/postgres/migration-database.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../../../src/targets/postgres/rehearsal-databases.ts'
import { connectClient } from '../../support/connections.ts'
import { type Cluster, startCluster } from '../../support/pg-cluster.ts'

/** The source and the rehearsal server are two clusters, each with roles of its own. */

let source: Cluster
let place: Cluster
let shop: pg.Client
let there: pg.Client
let copies: MigrationRehearsalDatabases
let urls: { [name: string]: string }

const identity: ServerIdentity = {
  systemIdentifier: '1',
  database: 'shop',
  versionNumber: 150_018,
  version: '15.18',
  role: 'migrator',
  timeline: 1,
  inRecovery: false,
}
const context = { runId: 'mig-1', signal: new AbortController().signal } as never
const facts = {
  place: 'shop',
  database: 'rehearsal_mig_1',
  runId: 'mig-1',
  target: 'shop',
  source: { systemIdentifier: '1', database: 'shop' },
  madeAt: '2026-03-01T09:00:00.000Z',
}

beforeAll(async () => {
  ;[source, place] = await Promise.all([startCluster(), startCluster()])
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
  there = await connectClient(place.url())
  await there.query('create role modest login createdb')
  urls = { shop: place.url() }
  copies = openRehearsalDatabases({
    adminUrl: async (name, database) => {
      const url = urls[name]
      return url === undefined ? null : url.replace(/\/postgres$/, `/${database}`)
    },
    places: async () => Object.keys(urls),
  })
}, 120_000)

afterAll(async () => {
  await Promise.all([shop.end(), there.end()])
  await Promise.all([source.stop(), place.stop()])
})

describe('the place for copies', () => {
  test('is the server that the target names, where it has the same major version', async () => {
    expect(await copies.placeFor('shop', identity)).toBe('shop')
  })

  test('is the embedded server only where the target names none that fits', async () => {
    urls = { embedded: place.url(), shop: place.url() }
    expect(await copies.placeFor('shop', identity)).toBe('shop')
    urls = { embedded: place.url() }
    expect(await copies.placeFor('shop', identity)).toBe('embedded')
    urls = { embedded: place.url(), shop: place.url('postgres', 'modest') }
    expect(await copies.placeFor('shop', identity)).toBe('embedded')
    urls = { shop: place.url() }
  })

  test('is none where every server has another major version', async () => {
    await expect(copies.placeFor('shop', { ...identity, versionNumber: 160_004 })).rejects.toThrow(
      'target shop runs PostgreSQL 16, and no rehearsal server does (shop has 15); nothing was touched',
    )
  })

  test('is never the target’s own server', async () => {
    const { rows } = await there.query<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    )
    await expect(copies.placeFor('shop', { ...identity, systemIdentifier: rows[0]!.id })).rejects.toThrow(
      'shop names the target’s own server',
    )
  })

  test('is none where the login may not make roles and restore everything', async () => {
    urls = { shop: place.url('postgres', 'modest') }
    await expect(copies.placeFor('shop', identity)).rejects.toThrow('without being superuser')
    urls = { shop: place.url() }
  })
})

describe('a copy', () => {
  test('has the settings and the roles of its source, without logins', async () => {
    const profile = await readDatabaseProfile(shop)
    expect(profile.roles.map(({ name }) => name)).toEqual(['idle', 'migrator', 'postgres', 'team'])
    await copies.make(facts, profile)
    const seen = await (await copies.open(facts, 'migrator')).session(
      context,
      { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 },
      async (sql) =>
        (
          await sql.query(
            `select current_user::text as role, current_setting('search_path') as path, current_setting('app.mode') as mode,
               pg_has_role('team', 'member') as member, (select rolcanlogin from pg_roles where rolname = 'migrator') as login`,
          )
        ).rows[0],
    )
    expect(seen).toEqual({
      role: 'migrator',
      path: 'app, "$user", public',
      mode: 'a, "b"',
      member: true,
      login: false,
    })
    expect(await copies.list()).toEqual([{ ...facts, roles: ['idle', 'migrator', 'postgres', 'team'] }])
  })

  test('has the owner and the rights of its source', async () => {
    const rights = async (client: pg.Client, name: string) => {
      const { rows } = await client.query(
        `select pg_get_userbyid(datdba)::text as owner, datacl::text from pg_database where datname = $1`,
        [name],
      )
      return rows[0]
    }
    expect(await rights(there, facts.database)).toEqual(await rights(shop, 'shop'))
    const schema = { lockTimeoutMs: 1_000, statementTimeoutMs: 1_000 }
    await (await copies.open(facts, 'migrator')).session(context, schema, (sql) =>
      sql.query(
        'set role team; create schema made; create table public.made (id int); drop table public.made',
      ),
    )
  })

  test('is used once', async () => {
    expect(await copies.use(facts)).toBe(false)
    expect(await copies.use(facts)).toBe(true)
  })

  test('takes its roles with it, when no other copy names them, and leaves roles that were there', async () => {
    const other = { ...facts, database: 'rehearsal_mig_2', runId: 'mig-2' }
    await copies.make(other, await readDatabaseProfile(shop))
    const roles = async () => {
      const { rows } = await there.query<{ name: string }>(
        "select rolname as name from pg_roles where rolname in ('idle', 'migrator', 'team', 'modest') order by 1",
      )
      return rows.map(({ name }) => name)
    }
    await copies.drop(facts)
    expect(await roles()).toEqual(['idle', 'migrator', 'modest', 'team'])
    await copies.drop(other)
    expect(await roles()).toEqual(['modest'])
    expect(await copies.list()).toEqual([])
  })

  test('is never made over its source', async () => {
    const { rows } = await there.query<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    )
    const itself = {
      ...facts,
      database: 'postgres',
      source: { systemIdentifier: rows[0]!.id, database: 'postgres' },
    }
    await expect(copies.make(itself, await readDatabaseProfile(shop))).rejects.toThrow(
      'is the source itself; nothing was touched',
    )
  })

  test('is refused where its server lacks the source’s locale', async () => {
    const profile = { ...(await readDatabaseProfile(shop)), collate: 'tlh_QO.UTF-8', ctype: 'tlh_QO.UTF-8' }
    await expect(copies.make(facts, profile)).rejects.toThrow('no copy like target shop can be made')
  })
})
