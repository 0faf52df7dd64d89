import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, historyOf, resume, sign } from '../support/cli-steps.ts'
import { connectClient } from '../support/connections.ts'
import { type ShopHome, startShopHome } from '../support/shop-home.ts'
import {
  MIGRATED,
  MIGRATION,
  skipWithoutPgDump,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/**
 * Connections and processes that end during a migration, also while the server is committing it. The next resume finds out whether
 * it was committed, and the migration is applied once.
 */

const skipped = skipWithoutPgDump('interrupted migration runs')

let home: ShopHome
let at: CutterHome
let key: string
let superuser: pg.Client
let shop: pg.Client

beforeAll(async () => {
  home = await startShopHome('killed')
  at = home.at
  key = home.key
  superuser = await connectClient(home.production.url())
}, 300_000)

afterAll(async () => {
  await superuser.end()
  await home.stop()
}, 300_000)

async function aShop(): Promise<void> {
  const created = await home.createShop()
  shop = created.shop
}

/** Starts the command line as a child that can be killed. */
function child(args: string[]): ChildProcess {
  return spawn(process.execPath, [at.path('.installed/dist/cutter.cjs'), ...args, '--json'], {
    cwd: at.home,
    env: at.env,
    stdio: 'ignore',
  })
}

const ended = (process: ChildProcess) =>
  new Promise<void>((done) => {
    if (process.exitCode !== null || process.signalCode !== null) done()
    else process.once('exit', () => done())
  })

/** Sessions of Cutter on the production server. */
async function sessions(where: string): Promise<{ pid: number; started: string }[]> {
  const { rows } = await superuser.query<{ pid: number; started: string }>(
    `select pid, backend_start::text as started from pg_stat_activity
     where application_name like 'cutter %' and datname like 'killed_%' and (${where})`,
  )
  return rows
}

async function until<T>(what: string, look: () => Promise<T | undefined | null | false>): Promise<T> {
  const late = Date.now() + 60_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > late) throw new Error(`${what} never happened`)
    await sleep(10)
  }
}

const terminate = (pid: number) => superuser.query('select pg_terminate_backend($1)', [pid])

/** Resumes the run until it is paused or closed. An attempt may stop for a reason that is gone at the next one. */
async function resumeUntilRest(runId: string): Promise<RunJson> {
  for (let tries = 0; tries < 10; tries += 1) {
    const run = jsonOf(await resume(at, runId))
    if (run.status === 'closed' || run.status === 'paused') return run
    await sleep(200)
  }
  throw new Error(`run ${runId} is neither paused nor closed`)
}

async function expectAppliedOnce(runId: string): Promise<void> {
  expect(await stateOf(shop)).toEqual(MIGRATED)
  const done = (await historyOf(at, runId)).filter(
    ({ event }) => event.type === 'xstate.done.actor.apply_migration',
  )
  expect(done).toHaveLength(1)
}

describe.skipIf(skipped !== null)('an interruption while the script runs', { timeout: 600_000 }, () => {
  const slow = { migration: `${MIGRATION}select pg_sleep(4);\n` }
  const sleeping = () =>
    until('the script', async () => (await sessions("query like '%pg_sleep%' and wait_event = 'PgSleep'"))[0])

  test('a terminated connection leaves nothing, and the next resume applies the migration', async () => {
    await aShop()
    const run = await home.startMigration(slow)
    const answering = approve(at, run.runId, key)
    await terminate((await sleeping()).pid)
    const stop = jsonOf(await answering)
    expect(stop).toMatchObject({ status: 'stopped', stopCode: 'STOP_TARGET_UNREACHABLE' })
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    expect(await resumeUntilRest(run.runId)).toMatchObject({ outcome: 'succeeded' })
    await expectAppliedOnce(run.runId)
  })

  test('the resume after a killed process waits for the server’s statement, then applies the migration', async () => {
    await aShop()
    const run = await home.startMigration(slow)
    const { approvalId } = await sign(at, run.runId, key)
    const process = child(['run', 'resume', '--approval', approvalId])
    await sleeping()
    process.kill('SIGKILL')
    await ended(process)
    expect(await resumeUntilRest(run.runId)).toMatchObject({ outcome: 'succeeded' })
    await expectAppliedOnce(run.runId)
  })
})

describe.skipIf(skipped !== null)('an interruption while the server commits', { timeout: 600_000 }, () => {
  // A commit that waits for a missing standby is committed and not answered.
  const committing = () => until('the commit', async () => (await sessions("wait_event = 'SyncRep'"))[0])
  const standby = async (name: string) => {
    await superuser.query(`alter system set synchronous_standby_names = '${name}'`)
    await superuser.query('select pg_reload_conf()')
    await until('the setting', async () => {
      const { rows } = await superuser.query<{ now: string }>(
        `select current_setting('synchronous_standby_names') as now`,
      )
      return rows[0]!.now === name
    })
  }

  beforeAll(async () => {
    await superuser.query('alter system set synchronous_commit = local')
    await superuser.query('select pg_reload_conf()')
    await superuser.query('alter role shop_owner set synchronous_commit = on')
  })

  afterAll(async () => {
    await standby('')
    await superuser.query('alter role shop_owner reset synchronous_commit')
  })

  test('the probe after a terminated connection finds the commit, and the run continues', async () => {
    await aShop()
    const run = await home.startMigration()
    await standby('nobody')
    const answering = approve(at, run.runId, key)
    await terminate((await committing()).pid)
    const answer = jsonOf(await answering)
    await standby('')
    expect(answer).toMatchObject({ outcome: 'succeeded' })
    await expectAppliedOnce(run.runId)
    const [applied] = (await historyOf(at, run.runId)).filter(
      ({ event }) => event.type === 'xstate.done.actor.apply_migration',
    )
    expect(applied!.event.ran).toBe('probe')
  })

  test('the resume after a killed process finds the commit', async () => {
    await aShop()
    const run = await home.startMigration()
    const { approvalId } = await sign(at, run.runId, key)
    await standby('nobody')
    const process = child(['run', 'resume', '--approval', approvalId])
    await committing()
    process.kill('SIGKILL')
    await ended(process)
    await standby('')
    expect(await resumeUntilRest(run.runId)).toMatchObject({ outcome: 'succeeded' })
    await expectAppliedOnce(run.runId)
  })
})

describe.skipIf(skipped !== null)('interruptions at every step', { timeout: 900_000 }, () => {
  test('a run closes although every fourth connection to the target is terminated', async () => {
    await aShop()
    const seen = new Set<string>()
    let isOver = false
    const terminating = (async () => {
      while (!isOver) {
        for (const { pid, started: since } of await sessions('true')) {
          const session = `${pid} ${since}`
          // The next three connections stay, or a phase with three connections would never end.
          if (!seen.has(session) && seen.size % 4 === 0) await terminate(pid)
          seen.add(session)
        }
        await sleep(3)
      }
    })()
    try {
      let run = await home.startMigration()
      for (let tries = 0; run.status === 'stopped' && tries < 40; tries += 1)
        run = jsonOf(await resume(at, run.runId))
      expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
      expect(await stateOf(shop)).toEqual(UNTOUCHED)
      const { approvalId } = await sign(at, run.runId, key)
      for (let tries = 0; run.status === 'paused' && tries < 10; tries += 1) {
        await resume(at, run.runId, approvalId)
        run = jsonOf(await at.cutter(['run', 'show', run.runId, '--json']))
      }
      for (let tries = 0; run.status === 'stopped' && tries < 40; tries += 1)
        run = jsonOf(await resume(at, run.runId))
      expect(run).toMatchObject({ outcome: 'succeeded' })
      await expectAppliedOnce(run.runId)
      expect(seen.size).toBeGreaterThan(10)
    } finally {
      isOver = true
      await terminating
    }
  })

  test('a run closes although its process is killed, each time a little later', async () => {
    await aShop()
    const bundle = writeMigrationBundle(at)
    const start = [
      'run',
      'start',
      'migrate',
      '--bundle',
      bundle,
      '--target',
      'shop',
      '--mode',
      'live',
      '--key',
      'killed',
    ]
    let kills = 0
    // The time grows by more than half, so that all kills together take less than two undisturbed runs.
    const killedUntil = async (args: string[], done: (run: RunJson) => boolean) => {
      for (let after = 300; after < 600_000; after *= 1.6) {
        const process = child(args)
        const timer = setTimeout(() => process.kill('SIGKILL'), after)
        await ended(process)
        clearTimeout(timer)
        if (process.signalCode === 'SIGKILL') kills += 1
        const [run] = jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json', '--limit', '1']))
        if (run === undefined) continue
        if (done(run)) return run
        // What a killed process left is no fault that anybody has to correct.
        expect(run.status, JSON.stringify((await historyOf(at, run.runId)).at(-1))).not.toBe('stopped')
      }
      throw new Error('the run never came to its end')
    }
    const paused = await killedUntil(start, (run) => run.status === 'paused')
    expect(await stateOf(shop)).toEqual(UNTOUCHED)
    const { approvalId } = await sign(at, paused.runId, key)
    const run = await killedUntil(
      ['run', 'resume', paused.runId, '--approval', approvalId],
      ({ status }) => status === 'closed',
    )
    expect(run).toMatchObject({ outcome: 'succeeded' })
    expect(kills).toBeGreaterThan(2)
    await expectAppliedOnce(run.runId)
    const verified = await at.cutter(['run', 'history', run.runId, '--verify'])
    expect(verified.code).toBe(0)
  })
})
