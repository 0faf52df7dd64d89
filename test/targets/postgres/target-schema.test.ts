import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import { READING_FUNCTIONS } from '../../../src/effects/migrate/reading-functions.ts'
import { initTarget } from '../../../src/targets/postgres/init-target.ts'
import { readSurface } from '../../../src/targets/postgres/read-survey.ts'
import { readSchemaState } from '../../../src/targets/postgres/target-schema.ts'
import { surfaceDifferences } from '../../../src/targets/survey.ts'
import { type Cluster, initOptions, startCluster } from '../../support/pg-cluster.ts'

let cluster: Cluster
let admin: pg.Client
const clients: pg.Client[] = []

async function connect(database: string, user = 'postgres', password?: string): Promise<pg.Client> {
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`
  const client = new pg.Client(cluster.url(database, login))
  clients.push(client)
  await client.connect()
  return client
}

async function aDatabase(name: string, options = ''): Promise<pg.Client> {
  await admin.query(`create database ${name} ${options}`)
  return connect(name)
}

beforeAll(async () => {
  cluster = await startCluster()
  admin = await connect('postgres')
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  await cluster.stop()
})

describe('initTarget', () => {
  test('initTarget initialises two databases of a new cluster at the same time', async () => {
    const one = await aDatabase('twin_one')
    const two = await aDatabase('twin_two')
    expect(await readSchemaState(one)).toBe('absent')
    const [first, second] = await Promise.all([initTarget(one, initOptions), initTarget(two, initOptions)])
    expect(first.applied).toContain('0004_writers')
    expect(second.applied).toEqual(first.applied)
    expect([await readSchemaState(one), await readSchemaState(two)]).toEqual(['ours', 'ours'])
  })

  test('initTarget changes nothing the second time', async () => {
    const client = await aDatabase('again')
    const first = await initTarget(client, initOptions)
    const second = await initTarget(client, initOptions)
    expect(second).toEqual({ applied: [], already: first.applied })
  })

  test('the functions by which a target is read are in no catalogue, until somebody changes one', async () => {
    const client = await aDatabase('reading')
    await initTarget(client, initOptions)
    const listed = async (change: string) => {
      await client.query(`begin; ${change}`)
      const { objects } = await readCatalogue(client)
      await client.query('rollback')
      return Object.keys(objects).filter((name) => /function cutter_reading/.test(name))
    }
    const { rows } = await client.query(
      "select proname from pg_proc where pronamespace = 'cutter_reading'::regnamespace order by 1",
    )
    expect(rows.map(({ proname }) => proname)).toEqual(Object.keys(READING_FUNCTIONS).sort())
    expect(await listed('')).toEqual([])
    const one = 'function cutter_reading.history(text)'
    for (const change of [
      `create or replace ${one.replace('(', '(unit ')} returns setof cutter_reading.unit_version language sql stable
         as 'select v.* from cutter_reading.unit_version v where v.address = unit'`,
      `alter ${one} security definer`,
      `alter ${one} set search_path = app`,
      `alter ${one} volatile`,
      `alter ${one} rename to search`,
    ])
      expect(await listed(change), change).toContainEqual(expect.stringMatching(/^function cutter_reading\./))
    expect(
      await listed(`revoke execute on ${one} from public; grant execute on ${one} to cutter_reader`),
    ).toEqual([`grant execute on ${one} to cutter_reader`])
  })

  test('initTarget updates a target of an earlier version and keeps its rows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutter-migrations-'))
    try {
      await cp(initOptions.migrationsDirectory, folder, {
        recursive: true,
        filter: (path) => !/00(?:0[6789]|10)_/.test(path),
      })
      const client = await aDatabase('earlier')
      await initTarget(client, { ...initOptions, migrationsDirectory: folder })
      await client.query(`insert into cutter_governance.manifest_envelope (operation_kind, source_doc_ref, created_by)
        values ('first_cut', 'CHARTER', 'cutter/earlier')`)
      expect(await readSchemaState(client)).toBe('older')
      const applied = ['0006_recut', '0007_sets', '0008_fencing', '0009_reading', '0010_aliases']
      expect((await initTarget(client, initOptions)).applied).toEqual(applied)
      expect(await readSchemaState(client)).toBe('ours')
      await client.query(`insert into cutter_governance.manifest_envelope (operation_kind, source_doc_ref, created_by)
        values ('recut', 'CHARTER', 'cutter/later')`)
      const fresh = await aDatabase('later')
      await initTarget(fresh, initOptions)
      expect(surfaceDifferences(await readSurface(fresh), await readSurface(client))).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('readSchemaState lets the reader tell a target from any other database', async () => {
    await initTarget(await aDatabase('state'), initOptions)
    await aDatabase('untold')
    expect(await readSchemaState(await connect('state', 'cutter_reader'))).toBe('ours')
    expect(await readSchemaState(await connect('untold', 'cutter_reader'))).toBe('absent')
  })

  test('initTarget needs only an owner of the database with CREATEROLE, who keeps none of Cutter’s rights', async () => {
    await admin.query('create role landlord login createrole')
    await admin.query('create database rented owner landlord')
    const landlord = await connect('rented', 'landlord')
    await initTarget(landlord, initOptions)
    expect(await readSchemaState(landlord)).toBe('ours')
    const { rows } = await landlord.query(
      `select pg_has_role('landlord', 'cutter_owner', 'member') as member`,
    )
    expect(rows).toEqual([{ member: false }])
  })

  test('a copy by template is a target with the same rights', async () => {
    const source = await aDatabase('pattern')
    await initTarget(source, initOptions)
    await source.end()
    await aDatabase('copied', 'template pattern')
    const executor = await connect('copied', 'cutter_executor')
    const { rows } = await executor.query(`select created from fn_iu_create('A/1', 'one', 'text', 'me')`)
    expect(rows).toEqual([{ created: true }])
    await expect(executor.query('create table public.mine (id int)')).rejects.toMatchObject({ code: '42501' })
  })
})

describe('refusals of initTarget', () => {
  test('initTarget refuses a foreign table with one of Cutter’s names, names it and leaves it unchanged', async () => {
    const client = await aDatabase('foreign_table')
    await client.query('create table public.unit_version (id int)')
    expect(await readSchemaState(client)).toBe('foreign')
    await expect(initTarget(client, initOptions)).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      data: { objects: ['table public.unit_version'] },
    })
    const { rows } = await client.query(`select to_regnamespace('cutter_governance') as schema`)
    expect(rows).toEqual([{ schema: null }])
  })

  test('initTarget refuses a foreign schema and a foreign function with Cutter’s names', async () => {
    const client = await aDatabase('foreign_more')
    await client.query('create schema cutter_governance')
    await client.query('create function public.fn_iu_create() returns int language sql as $$ select 1 $$')
    await expect(initTarget(client, initOptions)).rejects.toMatchObject({
      data: { objects: ['function public.fn_iu_create', 'schema cutter_governance'] },
    })
  })

  test('initTarget refuses a changed migration and an unknown one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutter-migrations-'))
    try {
      await cp(initOptions.migrationsDirectory, folder, { recursive: true })
      await writeFile(join(folder, '0099_more.sql'), 'select 1;')
      const client = await aDatabase('newer')
      await initTarget(client, { ...initOptions, migrationsDirectory: folder })
      await expect(initTarget(client, initOptions)).rejects.toMatchObject({
        code: 'TARGET_REFUSED',
        data: { migrations: ['0099_more'] },
      })
      await writeFile(join(folder, '0099_more.sql'), 'select 2;')
      await expect(initTarget(client, { ...initOptions, migrationsDirectory: folder })).rejects.toThrow(
        'changed since they were applied: 0099_more',
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('initTarget leaves nothing behind when a migration fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutter-migrations-'))
    try {
      await cp(initOptions.migrationsDirectory, folder, { recursive: true })
      await writeFile(join(folder, '0099_broken.sql'), 'create table public.half (id int); select 1/0;')
      const client = await aDatabase('halfway')
      await expect(initTarget(client, { ...initOptions, migrationsDirectory: folder })).rejects.toMatchObject(
        { code: '22012' },
      )
      expect(await readSchemaState(client)).toBe('absent')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('initTarget refuses a database that is not UTF8', async () => {
    const client = await aDatabase('latin', "encoding 'LATIN1' template template0")
    await expect(initTarget(client, initOptions)).rejects.toMatchObject({ code: 'TARGET_REFUSED' })
  })

  test('initTarget refuses a password that SASLprep could change', async () => {
    const passwords = { ...initOptions.passwords, cutter_reader: 'pässword' }
    await expect(initTarget(admin, { ...initOptions, passwords })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
    })
  })
})

describe('roles of a target', () => {
  test('the roles have no special power', async () => {
    const { rows } = await admin.query(
      `select rolname, rolsuper or rolcreatedb or rolcreaterole or rolinherit or rolreplication or rolbypassrls as powerful, rolcanlogin
         from pg_roles where rolname like 'cutter%' order by rolname`,
    )
    expect(rows).toEqual([
      { rolname: 'cutter_executor', powerful: false, rolcanlogin: true },
      { rolname: 'cutter_owner', powerful: false, rolcanlogin: false },
      { rolname: 'cutter_reader', powerful: false, rolcanlogin: true },
      { rolname: 'cutter_verifier', powerful: false, rolcanlogin: true },
    ])
  })

  test('initTarget removes powers from roles', async () => {
    const client = await aDatabase('tamed')
    await admin.query('alter role cutter_reader superuser createdb')
    await initTarget(client, initOptions)
    const { rows } = await admin.query(
      `select rolsuper, rolcreatedb from pg_roles where rolname = 'cutter_reader'`,
    )
    expect(rows).toEqual([{ rolsuper: false, rolcreatedb: false }])
  })

  test('the roles keep their passwords unless setPasswords is given, and log in with them', async () => {
    const client = await aDatabase('passworded')
    const passwords = { ...initOptions.passwords, cutter_reader: "it's another" }
    await initTarget(client, { ...initOptions, passwords })
    const { rows } = await client.query(`select current_setting('hba_file') as path`)
    await client.query(
      `copy (select 'host all cutter_reader 127.0.0.1/32 scram-sha-256' union all select 'host all all 127.0.0.1/32 trust')
         to ${client.escapeLiteral(rows[0].path)}`,
    )
    await client.query('select pg_reload_conf()')
    await expect
      .poll(() =>
        connect('passworded', 'cutter_reader', 'wrong').then(
          () => 'in',
          (error) => error.code,
        ),
      )
      .toBe('28P01')
    const old = await connect('passworded', 'cutter_reader', 'reader-pass')
    expect(await readSchemaState(old)).toBe('ours')
    await initTarget(client, { ...initOptions, passwords, setPasswords: true })
    await expect(connect('passworded', 'cutter_reader', 'reader-pass')).rejects.toMatchObject({
      code: '28P01',
    })
    expect(await readSchemaState(await connect('passworded', 'cutter_reader', "it's another"))).toBe('ours')
  })
})
