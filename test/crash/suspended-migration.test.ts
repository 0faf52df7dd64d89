import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { historyOf, resume, sign } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  EXPECTED,
  MIGRATION,
  skipWithoutPgDump,
  stateOf,
  UNTOUCHED,
  VERIFY,
} from '../support/shop-migration.ts'
import { buildCrashing, describeEnding, type Running } from './crash-harness.ts'
import { expectHeld, hideOwner, suspendAt, wake } from './suspended.ts'

/**
 * Processes that are suspended (SIGSTOP) in each write of a migration, at each point between its claim and its outcome. All of them wake when the
 * run is closed, and must change nothing.
 */

const PHASES = ['apply_migration', 'statements_alone', 'roll_back'] as const
const POINTS = ['before', 'begun', 'before-commit', 'commit-sent', 'committed', 'done'] as const
/** A statement outside of a transaction has no COMMIT of its own. */
const ALONE: string[] = ['before', 'begun', 'committed', 'done']

const skipped = skipWithoutPgDump('suspended migration runs')
const CONCURRENT = `${MIGRATION}create index concurrently unit_state on unit (state);\n`
const added = [...EXPECTED.schema.added, 'index public.unit_state']
const spec = {
  nonTransactional: [8],
  expect: { ...EXPECTED, schema: { ...EXPECTED.schema, added } },
}
/** Passes in the rehearsal and in the transaction, and fails in a session that only reads the target, so that the run comes to SG2. */
const settled = (name: string) =>
  `${VERIFY}select 'settled' as name, pg_current_xact_id_if_assigned() is not null or current_database() <> '${name}' as ok;`

let home: ShopHome
let at: CutterHome
let crashing: string
let superuser: pg.Client

beforeAll(async () => {
  home = await startShopHome('suspended')
  at = home.at
  crashing = await buildCrashing(at)
  superuser = await connectClient(home.production.url())
}, 300_000)
afterAll(async () => {
  await superuser?.end()
  await home?.stop()
}, 300_000)

const show = async (runId: string) => jsonOf<RunJson>(await at.cutter(['run', 'show', runId, '--json']))

async function nextCommand(runId: string): Promise<string[]> {
  if ((await show(runId)).status !== 'paused') return ['run', 'resume', runId, '--json']
  const { approvalId } = await sign(at, runId, home.key)
  return ['run', 'resume', '--approval', approvalId, '--json']
}

/** Gives the next commands until a process suspends itself at the point. */
async function suspended(runId: string, point: string): Promise<Running> {
  for (let commands = 0; commands < 4; commands += 1) {
    const found = await suspendAt(at, crashing, await nextCommand(runId), point)
    if ('process' in found) return found
    if (found.code !== 0) throw new Error(`it should have stopped at ${point}: ${describeEnding(found)}`)
  }
  throw new Error(`no process reached ${point}`)
}

/** Ends the transactions of the run’s sessions that send nothing, as the server does after a minute. */
const endTransactions = (runId: string) =>
  superuser.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and state = 'idle in transaction'`,
    [`cutter ${runId}`],
  )

describe.skipIf(skipped !== null)('a migration whose processes are suspended', { timeout: 600_000 }, () => {
  test.each(POINTS)(
    'in each of its writes at %s ends as an undisturbed one, and is not changed when they wake',
    async (point) => {
      const { name, shop } = await home.createShop()
      const { runId } = await home.startMigration({ migration: CONCURRENT, spec, verify: settled(name) })
      const asleep: Running[] = []
      for (const phase of PHASES) {
        if (phase === 'statements_alone' && !ALONE.includes(point)) continue
        const stale = await suspended(runId, `${phase}:${point}`)
        asleep.push(stale)
        await expectHeld(at, runId, stale)
        await hideOwner(at, runId)
        await endTransactions(runId)
      }
      const ended = jsonOf<RunJson>(await resume(at, runId))
      expect(ended).toMatchObject({ status: 'closed', outcome: 'rolled-back' })
      const state = await stateOf(shop)
      expect(state).toEqual({ ...UNTOUCHED, units: { rows: 86, touched: 86 } })
      const history = await historyOf(at, runId)
      for (const phase of PHASES)
        expect(history.filter(({ event }) => event.type === `xstate.done.actor.${phase}`)).toHaveLength(1)

      for (const stale of asleep) {
        const ending = await wake(stale)
        expect(ending, describeEnding(ending)).toMatchObject({ code: 3, signal: null })
      }
      expect(await stateOf(shop)).toEqual(state)
      expect(await historyOf(at, runId)).toEqual(history)
    },
  )
})
