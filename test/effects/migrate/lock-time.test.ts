import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectClient } from '../../support/connections.ts'
import { startTrialFixture, type TrialFixture, tryScript } from './trial-fixture.ts'

/** npm's servers can't compile queries, so another server of this machine is needed. */
const SERVER = findCompilingServer()
if (SERVER === null)
  console.info(
    'skipped: lock time with a publication: no server that compiles queries (llvmjit) is installed',
  )

function findCompilingServer(): string | null {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root) : []
  const found = versions.find((version) =>
    ['lib/llvmjit.so', 'bin/initdb'].every((file) => existsSync(join(root, version, file))),
  )
  return found === undefined ? null : join(root, found)
}

/** A publication lifts the planner's cost of the catalogue query over the limit from which queries are compiled. */

let at: TrialFixture
let superuser: pg.Client

beforeAll(async () => {
  if (SERVER === null) return
  at = await startTrialFixture(SERVER)
  superuser = await at.recreate()
}, 120_000)

afterAll(() => at?.stop(), 120_000)

const SCRIPT = 'alter table unit add column note text'
const EXPECTED = { schema: { added: ['column app.unit.note'] } }

/** For how many milliseconds others could not read the table while the script was applied, as a second session saw it. */
async function lockedMs(): Promise<number> {
  const watcher = await connectClient(at.shop.url())
  let locked = 0
  let seen = performance.now()
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const { rows } = await watcher.query(
        `select from pg_locks where relation = 'app.unit'::regclass and mode = 'AccessExclusiveLock' and granted`,
      )
      const now = performance.now()
      if (rows.length > 0) locked += now - seen
      seen = now
    }
  })()
  await tryScript(at.shop, SCRIPT, EXPECTED)
  isOver = true
  await watching
  await watcher.end()
  return locked
}

test.skipIf(SERVER === null)(
  'a publication does not lengthen the time for which a migration locks its table',
  {
    timeout: 120_000,
  },
  async () => {
    const without = await lockedMs()
    expect(without).toBeGreaterThan(0)
    await superuser.query('create publication everything for table app.unit')
    const withOne = await lockedMs()
    // Compiling took 60 to 300 times as long. A loaded machine may double a time.
    expect(withOne).toBeLessThan(5 * without + 1_000)
  },
)
