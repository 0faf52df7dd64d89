import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareContents, readDatabaseContents } from '../../../src/effects/migrate/database-contents.ts'
import { type CatalogueFixture, inTrial, startCatalogueFixture } from './catalogue-fixture.ts'

let fixture: CatalogueFixture
let client: pg.Client

beforeAll(async () => {
  fixture = await startCatalogueFixture()
  client = fixture.client
}, 120_000)

afterAll(() => fixture.stop())

describe('compareContents', () => {
  test.each([
    [
      "insert into app.unit values (2, 'b', 'glad')",
      'table app.unit has 2 rows in the rehearsal database, 1 in the source',
    ],
    ["update app.unit set title = 'A'", 'table app.unit has other values in the rehearsal database'],
    ['update app.unit set mood = null', 'table app.unit has other values in the rehearsal database'],
    ['update app.odd set q = 3', 'table app.odd has other values in the rehearsal database'],
    ['select lo_create(0)', 'the rehearsal database has 2 large objects, the source 1'],
    ["select lo_put(4711, 5000000, 'b')", 'a large object has other bytes in the rehearsal database'],
    ['create table app.more (a int)', 'table app.more exists in the rehearsal database only'],
    ['drop table app.part', 'table app.part_1 is missing from the rehearsal database'],
  ])('compareContents finds the difference after: %s', async (script, line) => {
    await inTrial(client, async () => {
      await client.query("insert into app.unit values (1, 'a', 'glad'); insert into app.odd values (1, 2)")
      await client.query("select lo_from_bytea(4711, decode(repeat('0f', 6000000), 'hex'))")
      const before = await readDatabaseContents(client, () => undefined)
      await client.query(script)
      expect(compareContents(before, await readDatabaseContents(client, () => undefined))).toEqual([line])
    })
  })

  test('readDatabaseContents fails when a policy hides rows', async () => {
    await inTrial(client, async () => {
      await client.query(
        'create role restricted; grant usage on schema app to restricted; grant select on all tables in schema app to restricted',
      )
      await client.query('alter table app.unit enable row level security; set local role restricted')
      await expect(readDatabaseContents(client, () => undefined)).rejects.toThrow('row-level security')
    })
  })
})
