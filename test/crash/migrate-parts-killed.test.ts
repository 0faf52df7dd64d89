import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { historyOf, resume, sign } from '../support/cli-steps.ts'
import { PARTS, PARTS_DONE, partsStateOf, rollingBack } from '../support/parts-migration.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import { skipWithoutPgDump } from '../support/shop-migration.ts'
import { buildCrashing, describeEnding, spawnProgram } from './crash-harness.ts'

/**
 * Processes that are killed at each boundary of a migration of several parts: each process gets as far as one transaction, batch or statement
 * further than the one before it.
 */

const skipped = skipWithoutPgDump('killed migrations of several parts')

let home: ShopHome
let at: CutterHome
let crashing: string

beforeAll(async () => {
  home = await startShopHome('parts')
  at = home.at
  crashing = await buildCrashing(at)
}, 300_000)
afterAll(() => home?.stop(), 300_000)

/** Where a process dies. Reading the states of statements passes the points of sessions as well, and the second commit makes progress. */
const POINTS: [point: string, crashAt: string[], atLeast: number][] = [
  ['begun', ['statements_before:begun#2', 'apply_migration:begun', 'statements_alone:begun#4'], 3],
  ['before-commit', ['apply_migration:before-commit', 'statements_alone:before-commit#2'], 6],
  ['commit-sent', ['apply_migration:commit-sent', 'statements_alone:commit-sent'], 7],
  [
    'committed',
    ['statements_before:committed#2', 'apply_migration:committed', 'statements_alone:committed#3'],
    9,
  ],
]

/** At these points each process does one more write than the one before it. */
const REPEATED = /^statements_alone:(?!begun)/

/** How many boundaries there are. */
const MOST = 11

describe.skipIf(skipped !== null)('a migration of several parts', { timeout: 900_000 }, () => {
  test.each(POINTS)(
    'whose processes are killed at each %s ends as an undisturbed one',
    async (_, crashAt, atLeast) => {
      const { shop } = await home.createShop()
      const { runId } = await home.startMigration(PARTS)
      const { approvalId } = await sign(at, runId, home.key)
      let args = ['run', 'resume', runId, '--approval', approvalId, '--json']
      let kills = 0
      const points = new Set(crashAt)
      for (;;) {
        const ending = await spawnProgram(at, crashing, args, { CRASH_AT: [...points].join() }).ended
        const isKilled = ending.signal === 'SIGKILL'
        if (!isKilled && ending.code !== 0) throw new Error(describeEnding(ending))
        // A VACUUM leaves no trace, so that it runs again as often as its process dies.
        if (!isKilled || kills === MOST) break
        kills += 1
        // A phase of a single write would never get through.
        const [once] = [...points].filter((one) => !REPEATED.test(one))
        if (once !== undefined) points.delete(once)
        args = ['run', 'resume', runId, '--json']
      }
      expect(kills).toBeGreaterThanOrEqual(atLeast)
      const ended = jsonOf<RunJson>(await resume(at, runId))
      expect(ended).toMatchObject({ status: 'closed', outcome: 'succeeded' })
      expect(await partsStateOf(shop)).toEqual(PARTS_DONE)
      const history = await historyOf(at, runId)
      for (const phase of ['statements_before', 'apply_migration', 'statements_alone'])
        expect(history.filter(({ event }) => event.type === `xstate.done.actor.${phase}`)).toHaveLength(1)
    },
  )

  test.each([
    ['roll_back:commit-sent', 2],
    ['roll_back:committed#3', 3],
  ])('is rolled back although processes are killed at each %s', async (point, atLeast) => {
    const { name, shop } = await home.createShop()
    const { runId } = await home.startMigration(rollingBack(name))
    const first = await sign(at, runId, home.key)
    expect(jsonOf<RunJson>(await resume(at, runId, first.approvalId))).toMatchObject({ gate: 'SG2' })
    const { approvalId } = await sign(at, runId, home.key)
    let args = ['run', 'resume', runId, '--approval', approvalId, '--json']
    let kills = 0
    for (; kills < 6; kills += 1) {
      const ending = await spawnProgram(at, crashing, args, { CRASH_AT: point }).ended
      if (ending.signal !== 'SIGKILL') break
      args = ['run', 'resume', runId, '--json']
    }
    expect(kills).toBeGreaterThanOrEqual(atLeast)
    expect(jsonOf<RunJson>(await resume(at, runId))).toMatchObject({ outcome: 'rolled-back' })
    expect(await partsStateOf(shop)).toMatchObject({ column: 0, indexes: null })
  })
})
