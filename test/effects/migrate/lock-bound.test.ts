import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockBoundOf, withLockBound } from '../../../src/effects/migrate/lock-bound.ts'
import { bundleOf, CALLER, LIMITS, startTrialFixture, type TrialFixture } from './trial-fixture.ts'

let fixture: TrialFixture

beforeAll(async () => {
  fixture = await startTrialFixture()
  await (await fixture.recreate()).query('select 1')
}, 120_000)

afterAll(() => fixture.stop())

test('lockBoundOf allows each statement of the transaction its timeout, and the measurement another', async () => {
  const bundle = await bundleOf('select 1; select 2;')
  expect(lockBoundOf(bundle)).toBe(3 * bundle.spec.statementTimeoutSeconds)
})

test('withLockBound rolls a transaction back that holds its locks for too long', async () => {
  const { shop } = fixture
  const late = withLockBound(CALLER, 0.2, (context, begin) =>
    shop.transaction(context, LIMITS, async (sql) => {
      begin()
      await sql.query('create table app.late (id int); select pg_sleep(30)')
    }),
  )
  await expect(late).rejects.toMatchObject({
    message: expect.stringContaining('held its locks for 0.2 s'),
    facts: { code: 'STOP_MIGRATION_FAILED' },
  })
  const { rows } = await shop.read(CALLER, (sql) => sql.query("select to_regclass('app.late') as late"))
  expect(rows).toEqual([{ late: null }])
})

test('withLockBound returns what is done in time', async () => {
  const done = withLockBound(CALLER, 60, async (_, begin) => {
    begin()
    return 'done'
  })
  expect(await done).toBe('done')
})
