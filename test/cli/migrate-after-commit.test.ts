import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf } from '../support/cli.ts'
import { approve, resume, sign } from '../support/cli-steps.ts'
import { changeElsewhere, type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  EXPECTED,
  MIGRATED,
  MIGRATION,
  migrate,
  skipWithoutPgDump,
  stateOf,
  UNTOUCHED,
  VERIFY,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** Each test checks the schema and the rows of the shop at its end. */

const skipped = skipWithoutPgDump('migrations after their commit')

let home: ShopHome
let at: CutterHome
let key: string

beforeAll(async () => {
  home = await startShopHome()
  at = home.at
  key = home.key
}, 300_000)

afterAll(() => home.stop(), 300_000)

describe.skipIf(skipped !== null)('a migration after its commit', { timeout: 300_000 }, () => {
  /** A check that passes in the rehearsal and in the transaction, and fails in a session that only reads the target. */
  const settled = (name: string) =>
    `${VERIFY}select 'settled' as name, pg_current_xact_id_if_assigned() is not null or current_database() <> '${name}' as ok;`

  test('a failed verification leads to SG2, where an approved rollback reverts the migration', async () => {
    const { name, shop } = await home.createShop()
    const run = await home.startMigration({ verify: settled(name) })
    const failed = jsonOf(await approve(at, run.runId, key))
    expect(failed).toMatchObject({ status: 'paused', gate: 'SG2', state: 'AWAITING_ROLLBACK_AUTHORIZATION' })
    expect(failed.output.verificationFailed).toEqual(['settled'])
    expect(await stateOf(shop)).toEqual(MIGRATED)
    const plan = JSON.parse((await at.cutter(['run', 'plan', run.runId])).stdout)
    expect(plan).toMatchObject({ type: 'cutter.plan.migrate-rollback/v1', because: ['settled'] })
    await changeElsewhere(shop)
    const answer = await approve(at, run.runId, key)
    expect(answer.code).toBe(1)
    expect(jsonOf(answer)).toMatchObject({ status: 'closed', state: 'ROLLED_BACK', outcome: 'rolled-back' })
    expect(jsonOf(answer).output.standsAs).toBe('rolled back: the schema is the one before the migration')
    expect(await stateOf(shop)).toEqual({ ...UNTOUCHED, units: { rows: 86, touched: 86 } })
  })

  test('a rejected rollback keeps the migration, and the answer states it', async () => {
    const { name, shop } = await home.createShop()
    const run = await home.startMigration({ verify: settled(name) })
    await approve(at, run.runId, key)
    const no = await sign(at, run.runId, key, '--decision', 'reject')
    const ended = jsonOf(await resume(at, run.runId, no.approvalId))
    expect(ended).toMatchObject({ outcome: 'rejected' })
    expect(ended.output.standsAs).toBe('the migration is committed and its verification failed')
    expect(await stateOf(shop)).toEqual(MIGRATED)
  })
})

describe.skipIf(skipped !== null)('statements that can’t run in a transaction', { timeout: 300_000 }, () => {
  const CONCURRENT = `${MIGRATION}create index concurrently unit_state on unit (state);\n`
  const spec = {
    nonTransactional: [8],
    expect: {
      ...EXPECTED,
      schema: { ...EXPECTED.schema, added: [...EXPECTED.schema.added, 'index public.unit_state'] },
    },
  }

  test('undeclared non-transactional statements are refused', async () => {
    await home.createShop()
    const answer = await migrate(at, writeMigrationBundle(at, 'concurrent', { migration: CONCURRENT }))
    expect(answer.code).toBe(2)
    expect(answer.stderr).toContain('declare it: nonTransactional: [8]')
  })

  test('declared non-transactional statements run one by one after the transaction', async () => {
    const { shop } = await home.createShop()
    const run = await home.startMigration({ migration: CONCURRENT, spec })
    expect(run.output.rehearsal).toMatchObject({ added: 7 })
    const ended = jsonOf(await approve(at, run.runId, key))
    expect(ended).toMatchObject({ outcome: 'succeeded', output: { ranAlone: 1 } })
    const { rows } = await shop.query(
      "select indisvalid from pg_index where indexrelid = 'unit_state'::regclass",
    )
    expect(rows).toEqual([{ indisvalid: true }])
  })

  test('a non-transactional statement that the server rejects on the target leads to SG2', async () => {
    const { shop } = await home.createShop()
    const migration = `${MIGRATION}create unique index concurrently unit_title on unit (title);\n`
    const added = [...EXPECTED.schema.added, 'index public.unit_title']
    const run = await home.startMigration({
      migration,
      spec: { nonTransactional: [8], expect: { ...EXPECTED, schema: { ...EXPECTED.schema, added } } },
    })
    await shop.query("set session_replication_role = replica; update unit set title = 'Unit 1' where id = 2")
    const failed = jsonOf(await approve(at, run.runId, key))
    expect(failed).toMatchObject({ status: 'paused', gate: 'SG2' })
    const [why] = failed.output.verificationFailed
    expect(why).toContain('statement 8: the server refused the statement (23505)')
    expect(why).toContain('Key (title)=(…) is duplicated')
    expect(why).toContain('remove it with `drop index concurrently public.unit_title`')
    expect(why).not.toContain('rolled back')
    expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({ outcome: 'rolled-back' })
  })
})
