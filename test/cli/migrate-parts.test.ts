import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readYaml } from '../../src/domain/yaml.ts'
import type { MigrationStatus } from '../../src/service/migrations/status.ts'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { approve, resume } from '../support/cli-steps.ts'
import { PARTS, PARTS_DONE, PARTS_UNTOUCHED, partsStateOf, rollingBack } from '../support/parts-migration.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { type BundleParts, skipWithoutPgDump, writeMigrationBundle } from '../support/shop-migration.ts'

/** Scripts whose statements outside of a transaction come first, in the middle or last, and back-fills in batches. */

const skipped = skipWithoutPgDump('migrations of several parts')

let home: ShopHome
let at: CutterHome
let key: string

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
  key = home.key
}, 300_000)

afterAll(() => home.stop(), 300_000)

/** What the status says of a bundle. */
async function stateOf(folder: string): Promise<string | undefined> {
  const answer = await at.cutter(['migrate', 'status', folder, '--target', 'shop', '--json'])
  return jsonOf<MigrationStatus>(answer).migrations[0]?.state
}

const withSpec = (spec: { [key: string]: unknown }, parts: BundleParts = {}): BundleParts => ({
  ...PARTS,
  ...parts,
  spec: { ...PARTS.spec, ...spec },
})

describe.skipIf(skipped !== null)('a script of several parts', { timeout: 900_000 }, () => {
  test('runs in its order, and the plan shows each part with its locks', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration(PARTS)
    const plan = JSON.parse((await at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan.parts).toEqual([
      { how: 'alone', statements: [1] },
      { how: 'transaction', statements: [2, 3] },
      { how: 'batches', statements: [4], rows: 30, atMost: 4, pauseSeconds: 0 },
      { how: 'transaction', statements: [5] },
      { how: 'alone', statements: [6] },
      { how: 'transaction', statements: [7] },
      { how: 'alone', statements: [8] },
    ])
    const { statements } = plan.migration
    const locked = statements.filter((one: { locks?: object }) => one.locks !== undefined)
    expect(locked.map((one: { number: number }) => one.number)).toEqual([2, 3, 4, 5, 7])
    expect(statements[4].locks).toEqual({ 'public.unit': 'AccessExclusiveLock' })
    expect(statements[5].documentedLocks).toEqual([{ mode: 'ShareUpdateExclusiveLock', on: 'the table' }])
    const page = (await at.cutter(['run', 'plan', run.runId, '--format', 'markdown'])).stdout
    expect(page).toContain('repeated until no row changes, at most 4 times')
    expect(await partsStateOf(shop)).toEqual(PARTS_UNTOUCHED)
    const ended = jsonOf(await approve(at, run.runId, key))
    expect(ended).toMatchObject({ outcome: 'succeeded', output: { ranBefore: 1, ranAlone: 5 } })
    expect(await partsStateOf(shop)).toEqual(PARTS_DONE)
    const { rows } = await shop.query('select count(distinct xmin::text)::int as batches from unit')
    expect(rows[0].batches).toBe(3)
  })

  test('stops at a leading statement that fails, and continues when what it left is removed', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration(PARTS)
    await shop.query(
      "set session_replication_role = replica; update unit set title = 'Unit 1' where id = 2; reset session_replication_role",
    )
    const stopped = jsonOf(await approve(at, run.runId, key))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_OUTCOME_UNKNOWN' })
    expect(stopped.stop?.message).toContain('drop index concurrently public.unit_title_key')
    expect(await partsStateOf(shop)).toEqual(PARTS_UNTOUCHED)
    await shop.query('drop index concurrently public.unit_title_key')
    await shop.query(
      "set session_replication_role = replica; update unit set title = 'Unit 2' where id = 2; reset session_replication_role",
    )
    expect(jsonOf(await resume(at, run.runId))).toMatchObject({ outcome: 'succeeded' })
    expect(await partsStateOf(shop)).toEqual(PARTS_DONE)
  })

  test('leads to SG2 where a back-fill changes other rows than in the rehearsal, and the rollback reverts all parts', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration(PARTS)
    await shop.query("insert into unit values (87, 'Unit 87', 'section', '2025-01-01')")
    const failed = jsonOf(await approve(at, run.runId, key))
    expect(failed).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(failed.output.verificationFailed[0]).toBe(
      'statement 4, in batches: unlike the rehearsal: public.unit: 87 rows updated, 86 expected',
    )
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'rolled-back' })
    expect(await partsStateOf(shop)).toMatchObject({ column: 0, indexes: null })
  })

  test('accepts other rows of a back-fill within the range of bundle.yaml', async () => {
    const { shop } = await home.createShop()
    const rows = { 'public.unit': { updated: { min: 80, max: 100 } } }
    const verify = "select 'all have a state' as name, bool_and(state = kind) as ok from public.unit;\n"
    const expected = PARTS.spec!.expect as object
    const sideEffects = [{ what: 'the trigger', table: 'public.unit', columns: ['updated_at'] }]
    const run = await home.startMigration(
      withSpec({ expect: { ...expected, rows, distributions: [] }, sideEffects }, { verify }),
    )
    await shop.query("insert into unit values (87, 'Unit 87', 'section', '2025-01-01')")
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'succeeded' })
    expect(await partsStateOf(shop)).toEqual({ ...PARTS_DONE, touched: 87 })
  })

  test.each([
    [
      'with more rows than declared',
      { rows: 10, atMost: 9 },
      'changes 30 rows of public.unit, 10 are declared',
    ],
    ['that are more than declared', { rows: 30, atMost: 2 }, 'still changes rows after 2 batches'],
  ])('refuses batches %s in the rehearsal', async (_, limits, why) => {
    await home.createShop()
    const run = await home.startMigration(withSpec({ batches: [{ statement: 4, ...limits }] }))
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain(why)
  })

  test('is reverted by a rollback with statements outside of a transaction first, in the middle and last, and a back-fill in batches', async () => {
    const { name, shop } = await home.createShop()
    const run = await home.startMigration(rollingBack(name))
    expect(run.stop?.message).toBeUndefined()
    const plan = JSON.parse((await at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan.rollback.parts).toEqual([
      { how: 'alone', statements: [1] },
      { how: 'transaction', statements: [2] },
      { how: 'batches', statements: [3], rows: 30, atMost: 3, pauseSeconds: 0 },
      { how: 'transaction', statements: [4] },
      { how: 'alone', statements: [5] },
      { how: 'transaction', statements: [6] },
      { how: 'alone', statements: [7] },
    ])
    const page = (await at.cutter(['run', 'plan', run.runId, '--format', 'markdown'])).stdout
    expect(page).toContain('repeated until no row changes, at most 3 times')
    expect(plan.rollback.leaves).toEqual({ added: [], removed: [], changed: [] })
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(await partsStateOf(shop)).toEqual(PARTS_DONE)
    expect(await stateOf('units-review')).toBe('unfinished')
    const ended = jsonOf(await approve(at, run.runId, key))
    expect(ended).toMatchObject({ outcome: 'rolled-back' })
    expect(await stateOf('units-review')).toBe('rolled-back')
    expect(ended.output.standsAs).toBe('rolled back: the schema is the one before the migration')
    expect(await partsStateOf(shop)).toMatchObject({ column: 0, indexes: null })
    const { rows } = await shop.query('select count(distinct xmin::text)::int as batches from unit')
    expect(rows[0].batches).toBe(3)
  })

  test('is refused in the rehearsal when a back-fill of its rollback does not end', async () => {
    const { name } = await home.createShop()
    const parts = rollingBack(name)
    const rollbackBatches = [{ statement: 3, rows: 30, atMost: 2 }]
    const run = await home.startMigration({ ...parts, spec: { ...parts.spec, rollbackBatches } })
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REHEARSAL_FAILED' })
    expect(run.stop?.message).toContain('still changes rows after 2 batches')
  })

  test('gets its expectations and missing files by propose', async () => {
    await home.createShop()
    const folder = writeMigrationBundle(at, 'proposed-parts', withSpec({ expect: {}, sideEffects: [] }))
    const answer = await at.cutter(['migrate', 'propose', folder, '--target', 'shop', '--json'])
    expect(answer.code, answer.stderr).toBe(0)
    const read = readYaml(readFileSync(join(folder, 'bundle.yaml'), 'utf8'))
    const { expect: wanted, sideEffects } = ('value' in read ? read.value : {}) as {
      [key: string]: { [key: string]: unknown }
    }
    const given = PARTS.spec!.expect as { schema: object }
    expect(wanted!.schema).toEqual(given.schema)
    expect(wanted!.rows).toEqual({ 'public.unit': { updated: 86 } })
    expect(sideEffects).toMatchObject([{ table: 'public.unit', columns: ['updated_at'], rows: 86 }])
  })
})
