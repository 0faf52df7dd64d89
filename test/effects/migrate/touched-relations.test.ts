import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readCatalogue } from '../../../src/effects/migrate/read-catalogue.ts'
import type { MigrationDatabase } from '../../../src/targets/postgres/migration-database.ts'
import { CALLER, startTrialFixture, type TrialFixture, tryScript } from './trial-fixture.ts'

/** Locks show what a script depends on. Changes of others elsewhere don't concern it. */

let fixture: TrialFixture
let shop: MigrationDatabase
let client: pg.Client

beforeAll(async () => {
  fixture = await startTrialFixture()
  shop = fixture.shop
}, 120_000)

afterAll(() => fixture.stop())

beforeEach(async () => {
  client = await fixture.recreate()
})

describe('applyInTransaction and the relations that a script touches', () => {
  const SCRIPT = 'update unit set size = 0'
  const expected = { rows: { 'app.unit': { updated: 10, columns: ['size'] } } }

  test('applyInTransaction returns every relation that the script reads, writes or alters, and the schemas of its search path', async () => {
    const { touched } = await tryScript(
      shop,
      'create index on app.part (unit_id); do $$ begin perform count(*) from other.seen; end $$',
      { schema: { added: ['index app.part_unit_id_idx'] } },
    )
    expect(touched).toEqual(['app', 'app.part', 'other', 'other.seen', 'public'])
    const path = await tryScript(shop, 'set search_path = "Far, away", "$user"')
    expect(path.touched).toEqual(['Far, away', 'app', 'owner', 'public'])
  })

  /** Rehearsed, then the schema is changed by others, then applied. */
  async function appliedAfter(change: string) {
    const catalogue = await shop.read(CALLER, readCatalogue)
    const { outcome, touched } = await tryScript(shop, SCRIPT, expected)
    await client.query(change)
    return tryScript(shop, SCRIPT, expected, { inside: outcome, touches: touched }, catalogue)
  }

  test.each([
    'create table other.more (id int); create index on other.seen (id)',
    'create schema elsewhere; create table elsewhere.a (id int); grant all on elsewhere.a to owner',
    'alter table app.part add note text',
    'drop table other.seen cascade',
  ])('applyInTransaction ignores changes of others elsewhere: %s', async (change) => {
    expect((await appliedAfter(change)).outcome.rows).toEqual({
      'app.unit': { inserted: 0, updated: 10, deleted: 0 },
    })
  })

  test.each([
    ['alter table app.unit add note text', 'column app.unit.note was added'],
    [
      'create trigger noted after update on app.unit for each row execute function app.noted()',
      'trigger app.unit.noted was added',
    ],
    // In a schema that comes first in the search path, it would be used instead of the rehearsed table.
    ['create table other.unit (id int)', 'table other.unit was added'],
    [
      'create function app.other() returns int language sql as $$ select 1 $$',
      'function app.other() was added',
    ],
    ['create extension pg_trgm', 'extension pg_trgm was added'],
  ])('applyInTransaction stops at changes of others there: %s', async (change, line) => {
    await expect(appliedAfter(change)).rejects.toThrow(line)
  })

  test('applyInTransaction stops when the script touches other relations than in the rehearsal', async () => {
    const script =
      'do $$ begin if (select count(*) from app.part) > 5 then perform * from other.seen; end if; end $$'
    const { outcome, touched } = await tryScript(shop, script)
    await client.query('set role owner; insert into app.part (unit_id) values (1); reset role')
    await expect(tryScript(shop, script, {}, { inside: outcome, touches: touched })).rejects.toThrow(
      'unlike the rehearsal: it touched other; unlike the rehearsal: it touched other.seen',
    )
  })
})
