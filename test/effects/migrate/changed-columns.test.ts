import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTrialFixture, type TrialFixture, tryScript } from './trial-fixture.ts'

/** Which columns a script changes, also where no primary key tells the rows apart. */

let fixture: TrialFixture

beforeAll(async () => {
  fixture = await startTrialFixture()
}, 120_000)

afterAll(() => fixture.stop())

const ROWS = `insert into app.note values (1, 'a', null), (2, 'a', 'x'), (3, 'b', 'x')`
const TABLES = {
  'no key': 'create table app.note (id int, title text, tag text)',
  'a primary key': 'create table app.note (id int primary key, title text, tag text)',
  'a primary key that includes a column':
    'create table app.note (id int, title text, tag text, primary key (id) include (title))',
  'a unique index': 'create table app.note (id int not null unique, title text, tag text)',
  'a unique index with nulls': 'create table app.note (id int unique, title text, tag text)',
  'a unique index for some rows':
    'create table app.note (id int not null, title text, tag text); create unique index on app.note (id) where tag is not null',
  'a deferred unique constraint':
    'create table app.note (id int not null unique deferrable, title text, tag text)',
}
const CHANGES: [script: string, rows: object, columns: object][] = [
  [`update app.note set title = 'c' where id < 3`, { updated: 2 }, { title: 2 }],
  [`update app.note set tag = '' where tag is null`, { updated: 1 }, { tag: 1 }],
  [`update app.note set title = upper(title), tag = 'y'`, { updated: 3 }, { title: 3, tag: 3 }],
  [`update app.note set id = id + 10`, { updated: 3 }, { id: 3 }],
  [
    `insert into app.note values (4, 'd', 'z'); update app.note set tag = 'w' where id = 3`,
    { inserted: 1, updated: 1 },
    { tag: 1 },
  ],
  [
    `delete from app.note where id = 1; update app.note set tag = 'w' where id = 3`,
    { updated: 1, deleted: 1 },
    { tag: 1 },
  ],
  [`update app.note set title = title`, { updated: 3 }, {}],
]

/** Scripts are rolled back, so one table does for all of them. */
async function recreate(table: string) {
  const client = await fixture.recreate()
  await client.query(`set role owner; ${table}; ${ROWS}; reset role`)
}

describe.each(Object.entries(TABLES))('a table with %s', (_, table) => {
  beforeAll(() => recreate(table), 60_000)

  test.each(CHANGES)('has the columns that are changed by %s', async (script, rows, columns) => {
    const expected = { rows: { 'app.note': { ...rows, columns: Object.keys(columns) } } }
    const { outcome } = await tryScript(fixture.shop, script, expected)
    expect(outcome.columns['app.note'] ?? {}).toEqual(columns)
  })
})

test('a table without a key whose values change places is refused, with what to do', async () => {
  await recreate(TABLES['no key'])
  const swapped = `update app.note set title = case id when 2 then 'b' else 'a' end`
  const expected = { rows: { 'app.note': { updated: 3, columns: ['title'] } } }
  await expect(tryScript(fixture.shop, swapped, expected)).rejects.toMatchObject({
    facts: {
      code: 'STOP_REFUSED_INPUT',
      message: expect.stringContaining('app.note has neither a primary key nor a unique index'),
      next: 'give the table a primary key in a migration of its own',
    },
  })
})
