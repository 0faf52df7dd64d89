import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { connect } from '../../src/locks/connect.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import { charter, rehearse, rehearseOn, resume, started } from '../support/cli-steps.ts'
import { serve } from '../support/serving-program.ts'

/** `cutter store move`: runs in every state go from a file into PostgreSQL and back, and nothing of them is lost or done again. */

const STORE = 'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL } }\n'
const FILE = 'hosts: {}\n'
const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let server: StoreServer
let database: StoreDatabase
let at: CutterHome
beforeAll(async () => {
  server = await startStoreServer(18)
})
beforeEach(async () => {
  database = await server.aDatabase()
  at = aCutterHome(FILE)
  at.env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
  at.env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  mkdirSync(at.path('mine'))
  at.file('mine/rotate-keys.ts', readFileSync(EXAMPLE, 'utf8'))
  at.file('service.key', 'the old key\n')
})
afterEach(() => at.remove())
afterAll(() => server?.close())

const start = async (...more: string[]) =>
  jsonOf<RunJson>(
    await at.cutter(['run', 'start', './mine/rotate-keys.ts', '--file', 'service.key', '--json', ...more]),
  )
const errorOf = (answer: { stdout: string }) => jsonOf<{ error: ErrorJson }>(answer as never).error
const move = (to: string, ...more: string[]) => at.cutter(['store', 'move', '--to', to, '--json', ...more])

async function done(...args: string[]): Promise<string> {
  const answer = await at.cutter(args)
  expect([answer.code, answer.stderr]).toEqual([0, expect.any(String)])
  return answer.stdout
}

/** A run in each state, by name. */
async function runsOfAllKinds() {
  const finished = await start('--key', 'nightly')
  await rehearseOn(at, finished.runId)
  const paused = await start()
  const approved = await start()
  const { approvalId } = await rehearse(at, approved.runId)
  const cancelled = await start()
  await at.cutter(['run', 'cancel', cancelled.runId, '--reason', 'not needed'])
  const pruned = await start('--key', 'pruned')
  await rehearseOn(at, pruned.runId)
  return { finished, paused, approved, cancelled, pruned, approvalId }
}

/** What people see of the runs: their bundles, histories, lists, tokens and the hold. */
async function everythingShown(ids: string[], name: string) {
  const bundles = []
  for (const [index, runId] of ids.entries()) {
    const file = at.path(`${name}-${index}.tar`)
    await done('run', 'export', runId, '--out', file)
    bundles.push(sha256(readFileSync(file)))
  }
  const list = jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json']))
  return {
    bundles,
    list,
    tokens: await done('token', 'list', '--json'),
    hold: await done('hold', 'status', '--json'),
    execution: { ...jsonOf<object>(await at.cutter(['execution', 'status', '--json'])), at: null },
    approvals: await done('approval', 'list', '--json'),
  }
}

describe('store move', () => {
  test('takes runs of all kinds into PostgreSQL and back, with the same bundles, and they continue there', async () => {
    const { finished, paused, approved, cancelled, pruned, approvalId } = await runsOfAllKinds()
    await done('token', 'create', '--role', 'viewer', '--name', 'reader', '--expires', '30d')
    await done('hold', 'on', '--reason', 'audit')
    await done('hold', 'off', '--reason', 'audited')
    await done('execution', 'disable', '--reason', 'Sunday')
    mkdirSync(at.path('kept'))
    const ids = [finished, paused, approved, cancelled].map(({ runId }) => runId)
    const before = await everythingShown([...ids, pruned.runId], 'file')

    const moved = await move('postgres')
    expect([moved.code, moved.stderr]).toEqual([0, ''])
    expect(jsonOf(moved)).toMatchObject({
      to: 'postgres',
      store: 'CUTTER_STORE_URL',
      runs: 5,
      moved: 5,
      left: [],
    })
    expect(jsonOf<{ next: string }>(moved).next).toContain('store: { url: { env: CUTTER_STORE_URL } }')
    // The file is left as it was, and nobody works on it.
    const refused = await at.cutter(['run', 'list', '--json'])
    expect([refused.code, errorOf(refused)]).toEqual([
      2,
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('moved to PostgreSQL'),
      }),
    ])
    expect(errorOf(await at.cutter(['store', 'restore', at.path('none.db'), '--json'])).code).toBe(
      'CONFIG_INVALID',
    )
    at.file('cutter.yaml', STORE)
    expect(await everythingShown([...ids, pruned.runId], 'base')).toEqual(before)
    expect(errorOf(await move('postgres')).message).toContain('nothing was moved')

    // They continue where they were.
    expect((await start('--key', 'nightly')).runId).toBe(finished.runId)
    const resumed = await at.cutter(['run', 'resume', approved.runId, '--approval', approvalId, '--json'])
    expect(jsonOf(resumed)).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    expect(jsonOf(await rehearseOn(at, paused.runId))).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
    })
    const prune = () =>
      at.cutter(['store', 'prune', '--older-than', '1s', '--into', at.path('kept'), '--json'])
    await expect
      .poll(async () => jsonOf<object[]>(await prune()).length, { timeout: 30_000 })
      .toBeGreaterThan(0)

    // And back, with what happened there.
    const rest = jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json'])).map(
      ({ runId }) => runId,
    )
    const further = await everythingShown(rest, 'further')
    const back = await move('sqlite')
    expect([back.code, back.stderr]).toEqual([0, ''])
    expect(jsonOf(back)).toMatchObject({ to: 'sqlite', next: 'remove store from cutter.yaml' })
    // Whoever still works on the database finds it on hold.
    expect(await done('hold', 'status')).toContain('cutter store move')
    at.file('cutter.yaml', FILE)
    expect(await everythingShown(rest, 'again')).toEqual(further)
    expect((await done('store', 'check')).length).toBeGreaterThan(0)
    const again = await at.cutter([
      'run',
      'start',
      './mine/rotate-keys.ts',
      '--file',
      'service.key',
      '--key',
      'pruned',
      '--json',
    ])
    expect(errorOf(again).code).toBe('KEY_REUSED')
    expect(
      readdirSync(at.path('var')).filter((name) => name.startsWith('cutter.db.before-move-')),
    ).toHaveLength(1)
  })

  test('leaves runs of shipped machines to the home that started them', async () => {
    const source = at.file('charter.md', charter('One text.', 'Another text.'))
    const cut = await started(at, { document: 'CHARTER', source })
    expect((await move('postgres')).code).toBe(0)
    // Another home with the same database has not what the run needs.
    const other = aCutterHome(STORE)
    try {
      Object.assign(other.env, { CUTTER_STORE_URL: at.env.CUTTER_STORE_URL })
      const elsewhere = await rehearse(other, cut).then(({ approvalId }) => resume(other, cut, approvalId))
      expect(errorOf(elsewhere)).toMatchObject({ code: 'HOST_UNSUITABLE' })
    } finally {
      await other.remove()
    }
    at.file('cutter.yaml', STORE)
    expect(jsonOf(await rehearseOn(at, cut))).toMatchObject({ status: 'paused', gate: 'SG2' })
    expect(jsonOf(await rehearseOn(at, cut))).toMatchObject({ status: 'closed', outcome: 'succeeded' })
  })

  test('that is killed continues, and until then neither store is used', async () => {
    for (let n = 0; n < 6; n++) await start('--key', `k${n}`)
    let kills = 0
    for (const wait of [0, 40, 80, 120, 200]) {
      const program = at.path('.installed/dist/cutter.cjs')
      const args = [program, 'store', 'move', '--to', 'postgres']
      const child = spawn(process.execPath, args, { cwd: at.home, env: at.env, stdio: 'ignore' })
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      const isBegun = () => existsSync(at.path('var/store-moved.json')) || child.exitCode !== null
      await expect.poll(isBegun, { timeout: 30_000, interval: 5 }).toBe(true)
      await sleep(wait)
      if (child.kill('SIGKILL')) kills++
      await ended
      const { state } = JSON.parse(readFileSync(at.path('var/store-moved.json'), 'utf8'))
      const answers = []
      for (const config of [FILE, STORE]) {
        at.file('cutter.yaml', config)
        answers.push((await at.cutter(['run', 'list', '--json'])).code)
      }
      at.file('cutter.yaml', FILE)
      expect(answers).toEqual(state === 'moved' ? [2, 0] : [2, 2])
      if (state === 'moved') break
    }
    expect(kills).toBeGreaterThan(0)
    await move('postgres')
    at.file('cutter.yaml', STORE)
    const list = jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json']))
    expect(list).toHaveLength(6)
    await done('store', 'check')
  })

  test('is refused while a service or another process has the store, and changes nothing', async () => {
    await start()
    const holder = connect(at.path('var/cutter.db'))
    holder.prepare('select count(*) from runs').get()
    const busy = await move('postgres')
    holder.close()
    expect([busy.code, errorOf(busy).code]).toEqual([3, 'STORE_CONFLICT'])
    expect(existsSync(at.path('var/store-moved.json'))).toBe(false)
    const service = await serve(at)
    expect(errorOf(await move('postgres')).code).toBe('SERVICE_RUNNING')
    await service.end('SIGTERM')
    // Two moves at once: one works, and the other changes nothing of it.
    const both = await Promise.all([move('postgres'), move('postgres')])
    expect(both.map(({ code }) => code).sort()).toEqual([0, expect.any(Number)])
    expect(both.some(({ code }) => code === 3 || code === 2)).toBe(true)
    expect(JSON.parse(readFileSync(at.path('var/store-moved.json'), 'utf8')).state).toBe('moved')
    at.file('cutter.yaml', STORE)
    expect(jsonOf<object[]>(await at.cutter(['run', 'list', '--json']))).toHaveLength(1)
    expect(errorOf(await move('elsewhere')).code).toBe('USAGE')
    at.file('cutter.yaml', FILE)
    expect(errorOf(await move('sqlite'))).toMatchObject({ code: 'INPUT_REFUSED' })
  })

  test('names a run that somebody edited, and leaves it where it is asked to', async () => {
    const [good, bad] = [await start(), await start()]
    const db = connect(at.path('var/cutter.db'))
    db.exec(`update runs set output = '{"forged":true}' where run_id = '${bad.runId}'`)
    db.close()
    const refused = await move('postgres')
    expect([refused.code, errorOf(refused)]).toEqual([
      3,
      expect.objectContaining({ code: 'STORE_CONFLICT', message: expect.stringContaining(bad.runId) }),
    ])
    expect(existsSync(at.path('var/store-moved.json'))).toBe(false)
    expect(jsonOf(await move('postgres', '--leave-faulty'))).toMatchObject({ runs: 1, left: [bad.runId] })
    at.file('cutter.yaml', STORE)
    expect(
      jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json'])).map(({ runId }) => runId),
    ).toEqual([good.runId])
  })

  test('that did not come far is given up, and one into a database where a run went on is refused', async () => {
    const { runId } = await start()
    at.file(
      'var/store-moved.json',
      JSON.stringify({ state: 'moving', variable: 'CUTTER_STORE_URL', at: 'T', by: 'x' }),
    )
    expect(jsonOf(await move('sqlite'))).toMatchObject({ to: 'sqlite', moved: 0 })
    expect(jsonOf<{ runId: string }[]>(await at.cutter(['run', 'list', '--json']))[0]?.runId).toBe(runId)
    expect((await move('postgres')).code).toBe(0)
    at.file('cutter.yaml', STORE)
    await rehearseOn(at, runId)
    at.file('cutter.yaml', FILE)
    at.file(
      'var/store-moved.json',
      JSON.stringify({ state: 'moving', variable: 'CUTTER_STORE_URL', at: 'T', by: 'x' }),
    )
    expect(errorOf(await move('postgres'))).toMatchObject({ code: 'STORE_CONFLICT' })
    expect(errorOf(await move('sqlite'))).toMatchObject({ code: 'STORE_CONFLICT' })
  })
})
