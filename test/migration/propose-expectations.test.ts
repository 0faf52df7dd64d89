import { expect, test } from 'vitest'
import type { MigrationBundleSpec } from '../../src/migration/migration-bundle-spec.ts'
import { proposeExpectations } from '../../src/migration/propose-expectations.ts'
import { parseStatements } from '../../src/migration/sql-statements.ts'

const SPEC = {
  expect: { schema: { added: [], removed: [], changed: [] }, rows: {}, sequences: [], distributions: [] },
  sideEffects: [],
} as unknown as MigrationBundleSpec

/** What is proposed when a script changed `title` in two rows and `updated_at` in three of public.unit. */
async function proposed(script: string) {
  const parsed = await parseStatements('migration.sql', script)
  if ('fault' in parsed) throw new Error(parsed.fault.message)
  const outcome = {
    schema: SPEC.expect.schema,
    rows: { 'public.unit': { inserted: 0, updated: 3, deleted: 0 } },
    rewritten: [],
    columns: { 'public.unit': { title: 2, updated_at: 3 } },
    distributions: [],
    madeDigest: '',
  }
  return proposeExpectations(SPEC, parsed.statements, { outcome, moved: [] })
}

test.each([
  ['update unit set title = upper(title)'],
  ['update only public.unit as u set title = x.title from other x where x.id = u.id'],
  ['update unit set (title, size) = (select title, size from other)'],
  ['with done as (update unit set title = null returning id) insert into log select id from done'],
  ['insert into unit (id) values (1) on conflict (id) do update set title = excluded.title'],
  ['merge into unit u using other o on o.id = u.id when matched then update set title = o.title'],
  ['alter table unit alter column title type varchar(80) using left(title, 80)'],
])('a column that a statement sets by its name is no side effect: %s', async (script) => {
  const { expect: found, sideEffects } = await proposed(script)
  expect(found.rows).toEqual({ 'public.unit': { inserted: 0, updated: 3, deleted: 0, columns: ['title'] } })
  expect(sideEffects).toEqual([expect.objectContaining({ columns: ['updated_at'], rows: 3 })])
})

test.each([
  ['select touch_units()'],
  ['update other set title = null'],
  ['insert into log (what) select title from unit'],
  ['update unit set size = (select max(title) as title from other)'],
])('a column that no statement sets is a side effect, with its own number of rows: %s', async (script) => {
  const { expect: found, sideEffects } = await proposed(script)
  expect(found.rows['public.unit']!.columns).toEqual([])
  expect(sideEffects.map(({ columns, rows }) => [columns, rows])).toEqual([
    [['title'], 2],
    [['updated_at'], 3],
  ])
})
