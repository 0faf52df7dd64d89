import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeSharedChanges, readSharedObjects } from '../../../src/effects/migrate/shared-objects.ts'
import { type CatalogueFixture, inTrial, startCatalogueFixture } from './catalogue-fixture.ts'

let fixture: CatalogueFixture
let client: pg.Client

beforeAll(async () => {
  fixture = await startCatalogueFixture()
  client = fixture.client
}, 120_000)

afterAll(() => fixture.stop())

test.each(['LATIN1', 'LATIN9', 'WIN1252', 'SQL_ASCII', 'EUC_JP'])(
  'readSharedObjects reads a database of encoding %s',
  async (encoding) => {
    const name = `of_${encoding.toLowerCase()}`
    await client.query(`create database ${name} encoding '${encoding}' locale 'C' template template0`)
    const { host, port, user, password } = client
    const other = new pg.Client({ host, port, user, password: password ?? '', database: name })
    await other.connect()
    try {
      await other.query('begin')
      expect(Object.keys((await readSharedObjects(other)).objects)).toContain('own operators of the server')
    } finally {
      await other.end()
    }
  },
)

describe('describeSharedChanges', () => {
  test.each([
    ["execute 'create role hidden superuser'", 'role hidden was added'],
    ["execute 'alter role reader superuser'", 'role reader was changed'],
    ["execute 'alter role reader password ''a'''", 'password of reader was changed'],
    ["execute 'grant pg_read_all_data to reader'", 'membership of reader in pg_read_all_data was added'],
    ["execute 'alter role reader set work_mem = 99'", 'settings of reader in every database was added'],
    [
      "execute 'alter database postgres set row_security = off'",
      'settings of everybody in postgres was added',
    ],
    ["execute 'grant create on database postgres to reader'", 'database postgres was changed'],
    [
      "execute 'grant execute on function pg_read_file(text) to reader'",
      'privileges on pg_read_file(text) was changed',
    ],
    [
      "execute 'grant execute on function pg_sleep(float8) to reader'",
      'privileges on pg_sleep(double precision) was added',
    ],
    ["execute 'grant select on pg_authid to reader'", 'privileges on pg_authid was changed'],
    [
      "execute 'grant set on parameter log_statement to reader'",
      'privileges on parameter log_statement was added',
    ],
    [
      'alter table app.part disable trigger all',
      'disabling of constraint app.part.part_unit_id_fkey was added',
    ],
  ])('describeSharedChanges reports: %s', async (act, line) => {
    await inTrial(client, async () => {
      const before = await readSharedObjects(client)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toEqual([])
      await client.query(`do $do$ begin ${act}; end $do$`)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toContain(line)
    })
  })

  test.each([
    ['alter table app.part disable trigger all', 'alter table app.part enable trigger all'],
    ['select 1', 'create extension pg_buffercache; create extension pg_stat_statements'],
    ['select 1', 'select lo_create(0)'],
    ['create extension pg_buffercache', 'drop extension pg_buffercache'],
  ])('describeSharedChanges allows what a bundle declares: %s; %s', async (first, act) => {
    await inTrial(client, async () => {
      await client.query(first)
      const before = await readSharedObjects(client)
      await client.query(act)
      expect(describeSharedChanges(before, await readSharedObjects(client))).toEqual([])
    })
  })
})
