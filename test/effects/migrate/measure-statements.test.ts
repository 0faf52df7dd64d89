import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EffectContext } from '../../../src/domain/effect.ts'
import { measureStatements } from '../../../src/effects/migrate/measure-statements.ts'
import { readRehearsedSequences } from '../../../src/effects/migrate/sequence-values.ts'
import { CALLER, LIMITS, startTrialFixture, type TrialFixture } from './trial-fixture.ts'

let at: TrialFixture

beforeAll(async () => {
  at = await startTrialFixture()
  await at.recreate()
}, 120_000)

afterAll(() => at.stop(), 120_000)

const measure = (script: string) => measureStatements(at.shop, CALLER as EffectContext, LIMITS, script)

/** A statement, and what of it is measured. */
const STATEMENTS: [statement: string, expected: object][] = [
  ['select count(*) from unit', { locks: { 'app.unit': 'AccessShareLock' }, scanned: { 'app.unit': 10 } }],
  ['select from unit for update', { locks: { 'app.unit': 'RowShareLock' } }],
  [
    'update unit set size = 1 where id < 4',
    {
      locks: { 'app.unit': 'RowExclusiveLock' },
      rows: { 'app.unit': { inserted: 0, updated: 3, deleted: 0 } },
      rewrites: [],
    },
  ],
  ['alter table unit add column note text', { locks: { 'app.unit': 'AccessExclusiveLock' }, rewrites: [] }],
  [
    'alter table unit alter column size type bigint',
    { locks: { 'app.unit': 'AccessExclusiveLock' }, rewrites: ['app.unit'] },
  ],
  [
    'alter table unit add column v float default random()',
    {
      locks: { 'app.unit': 'AccessExclusiveLock' },
      rewrites: ['app.unit'],
      scanned: { 'app.unit': expect.any(Number) },
    },
  ],
  [
    'alter table unit add constraint c check (size > 0)',
    { locks: { 'app.unit': 'AccessExclusiveLock' }, rewrites: [], scanned: { 'app.unit': 10 } },
  ],
  [
    'alter table unit add constraint c check (size > 0) not valid',
    { locks: { 'app.unit': 'AccessExclusiveLock' }, scanned: {} },
  ],
  [
    'create index on unit (title)',
    { locks: { 'app.unit': 'ShareLock' }, scanned: { 'app.unit': expect.any(Number) } },
  ],
  ['analyze unit', { locks: { 'app.unit': 'ShareUpdateExclusiveLock' } }],
  [
    'create table child (unit_id int references unit)',
    { locks: { 'app.unit': 'ShareRowExclusiveLock' }, rewrites: [] },
  ],
  ['truncate other.seen', { locks: { 'other.seen': 'AccessExclusiveLock' }, rewrites: ['other.seen'] }],
  [
    'insert into part (unit_id) values (1), (2)',
    { rows: { 'app.part': { inserted: 2, updated: 0, deleted: 0 } } },
  ],
]

test.each(STATEMENTS)('measureStatements measures: %s', async (statement, expected) => {
  expect(await measure(statement)).toMatchObject([{ number: 1, ...expected }])
})

test('measureStatements lists a lock with the statement that takes it first, and rows of a table that the script made', async () => {
  const script = `alter table unit add column note text; -- first
    update unit set note = 'x';
    create table seen_too (id int); insert into seen_too select id from unit;`
  const measured = await measure(script)
  expect(measured?.map(({ locks }) => locks)).toEqual([{ 'app.unit': 'AccessExclusiveLock' }, {}, {}, {}])
  expect(measured?.[1]?.rows).toEqual({ 'app.unit': { inserted: 0, updated: 10, deleted: 0 } })
  expect(measured?.[3]?.rows).toEqual({ 'app.seen_too': { inserted: 10, updated: 0, deleted: 0 } })
})

test('measureStatements leaves rows, schema and sequences as they were', async () => {
  const read = () => at.shop.read(CALLER, readRehearsedSequences)
  const before = await read()
  const script = `insert into part (unit_id) values (1); create sequence fresh; drop table other.seen;
    set search_path = nowhere; set role none; create function app."="(a int, b int) returns bool language sql as 'select true'`
  expect(await measure(script)).toHaveLength(6)
  expect(await read()).toEqual(before)
  expect(await measure('select from other.seen')).toHaveLength(1)
})

test('measureStatements gives nothing where a statement fails', async () => {
  expect(await measure('select 1; select 1 / 0')).toBeNull()
})
