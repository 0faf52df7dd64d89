import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { jsonOf } from '../support/cli.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { MIGRATION as COMMON, ROLLBACK, skipWithoutPgDump } from '../support/shop-migration.ts'

const skipped = skipWithoutPgDump('the plan of a migration for people')

/** Words of SQL that look like secrets by their names, on the line of what would run. */
const MIGRATION = `${COMMON.trimEnd()}
-- update unit set password=lower(title),token='x'where/**/id>5; set secret='password='||(select/**/max(password)from/**/unit)
`

let home: ShopHome

beforeAll(async () => {
  home = await startShopHome('planned')
}, 300_000)

afterAll(() => home.stop(), 300_000)

interface Plan {
  migration: { text: string; statements: { locks: object; rewrites: string[]; rows: object }[] }
  rollback: { text: string; statements: { locks: object }[] }
}

test.skipIf(skipped !== null)(
  'an approver reads both scripts, with the locks of each statement, before anything is signed',
  { timeout: 300_000 },
  async () => {
    const { shop } = await home.createShop()
    const { runId, planDigest } = await home.startMigration({ migration: MIGRATION })
    const bytes = (await home.at.cutter(['run', 'plan', runId])).stdout
    expect(`sha256:${sha256(bytes)}`).toBe(planDigest)
    const plan: Plan = JSON.parse(bytes)
    expect(plan.migration.text).toBe(MIGRATION)
    expect(plan.rollback.text).toBe(ROLLBACK)
    expect(plan.migration.statements[0]).toMatchObject({
      locks: { 'public.unit': 'AccessExclusiveLock' },
      rewrites: [],
    })
    expect(plan.migration.statements.at(-1)).toMatchObject({
      rows: { 'public.unit': { inserted: 0, updated: 86, deleted: 0 } },
    })
    expect(plan.rollback.statements[0]).toMatchObject({ locks: { 'public.unit': 'AccessExclusiveLock' } })
    const page = (await home.at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout
    expect(page).toContain(MIGRATION.trimEnd())
    expect(page).toContain(ROLLBACK.trimEnd())
    expect(page).toMatch(/\| 1 ALTER TABLE \| 2 \| `AccessExclusiveLock` on `public.unit` \|.* ms \|/)

    const as = ['--as', 'alice@example.org']
    const statement = await home.at.cutter(['approval', 'statement', runId, ...as])
    expect(statement.stderr).toContain('alice@example.org: You approve the plan below')
    expect(statement.stderr).toContain(MIGRATION.trimEnd())
    expect(JSON.parse(statement.stdout)).toMatchObject({ runId, planDigest })
    const signed = await home.at.cutter(['approval', 'sign', runId, ...as, '--key', home.key, '--json'])
    expect(signed.stderr).toContain(page.trimEnd())
    const { approvalId } = jsonOf<{ approvalId: string }>(signed)
    const resumed = await home.at.cutter(['run', 'resume', runId, '--approval', approvalId, '--json'])
    expect(jsonOf(resumed)).toMatchObject({ state: 'CLOSEOUT_REPORTED', outcome: 'succeeded' })
    await shop.end()
  },
)
