import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  aSigner,
  charter,
  enableExecution,
  growth,
  historyOf,
  LIVE,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'

/** Live runs of the built program whose store is a PostgreSQL server that two hosts share, and what a host must have for them. */

const STORE =
  'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL }, commits: local }\n'

// Each command is a process, and a test has up to ten.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let server: StoreServer
let database: StoreDatabase
let at: CutterHome
let other: CutterHome
let key: string

/** A host of the store with the same signers. It has no login of the store’s owner. */
function aHost(config: string): CutterHome {
  const host = aCutterHome(config)
  host.env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
  return host
}

const asOwner = async (work: () => Promise<unknown>) => {
  at.env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  await work()
  delete at.env.CUTTER_STORE_OWNER_URL
}
const liveStart = (host: CutterHome) =>
  start(host, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
const refusalOf = (answer: Awaited<ReturnType<typeof liveStart>>) => {
  const { code, message } = jsonOf<{ error: ErrorJson }>(answer).error
  return [answer.code, code, /STOP_[A-Z_]+/.exec(message)?.[0]]
}
/** The entries of a run that used an approval. */
const approvedAt = async (runId: string) =>
  (await historyOf(at, runId)).filter(({ event }) => event.type === 'APPROVE')
const doctorOf = async (host: CutterHome) =>
  (await host.cutter(['doctor'])).stdout.split('\n').find((line) => line.includes('shared rules'))!

beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  at = aHost(STORE + LIVE)
  key = aSigner(at)
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.', 'The well stays open.'))
  await at.server()
  await asOwner(() => enableExecution(at))
  await at.cutter(['target', 'init', 'embedded'])
})
afterAll(async () => {
  await Promise.all([at?.remove(), other?.remove()])
  await server?.close()
})

describe('a live run with its store in PostgreSQL', () => {
  test('is refused before rules were published, and a host without the owner’s login can’t publish any', async () => {
    expect(await doctorOf(at)).toContain('no rules were published')
    expect(refusalOf(await liveStart(at))).toEqual([3, 'LIVE_REFUSED', 'STOP_POLICY_DIFFERS'])
    const sql = `insert into cutter_store.rules (policy, host) values ('x', 'y')`
    await expect(database.asService(sql)).rejects.toMatchObject({ code: '42501' })
    await asOwner(async () => expect(await doctorOf(at)).toMatch(/ok.*were published/))
    expect(await doctorOf(at)).toMatch(/ok.*has the signers.*published/)
  })

  test('is refused where a failover may lose commits and the policy does not accept that', async () => {
    at.file('cutter.yaml', STORE.replace(', commits: local', '') + LIVE)
    try {
      expect(refusalOf(await liveStart(at))).toEqual([3, 'LIVE_REFUSED', 'STOP_POLICY_DIFFERS'])
      await asOwner(async () => expect(await doctorOf(at)).toMatch(/FAIL.*STOP_COMMITS_NOT_REPLICATED/))
      expect(refusalOf(await liveStart(at))).toEqual([3, 'LIVE_REFUSED', 'STOP_COMMITS_NOT_REPLICATED'])
    } finally {
      at.file('cutter.yaml', STORE + LIVE)
      await asOwner(() => doctorOf(at))
    }
  })

  test('goes through both gates to its closeout, its bundle verifies, and an approval counts once', async () => {
    const superuser = await at.superuser()
    const before = await rowsIn(superuser)
    const runId = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, key)
    const answers = await Promise.all([1, 2].map(() => resume(at, runId, approvalId)))
    expect(answers.map(({ code }) => code)).toContain(0)
    expect(await approvedAt(runId)).toHaveLength(1)
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed, JSON.stringify(closed.stop)).toMatchObject({ outcome: 'succeeded', mode: 'live' })
    expect(growth(before, await rowsIn(superuser))).toMatchObject({ units: 3, versions: 3, log: 3 })
    expect((await at.cutter(['run', 'export', runId, '--out', at.path('one.tar')])).code).toBe(0)
    const { stdout } = await at.cutter(['verify', at.path('one.tar')])
    expect(stdout).toContain('one.tar holds')
    expect(stdout).toContain('gate SG1: approved by alice@example.org')
    expect(stdout).toContain('gate SG2: approved by alice@example.org')
  })
})

describe('a host that differs from the others', () => {
  const same = (host: CutterHome) => {
    host.file('allowed_signers', readFileSync(at.path('allowed_signers')))
    host.file('charter.md', readFileSync(at.path('charter.md')))
  }
  test('starts no live run and does not use an approval, which counts on a host that is like the others', async () => {
    at.file('second.md', charter('One.', 'Two.'))
    const runId = await started(at, { document: 'SECOND', source: 'second.md', mode: 'live' })
    const { approvalId } = await sign(at, runId, key)
    other = aHost(STORE + LIVE)
    same(other)
    aSigner(other, 'mallory@example.org')
    expect(await doctorOf(other)).toMatch(/FAIL.*STOP_POLICY_DIFFERS.*allowed_signers/)
    expect(refusalOf(await liveStart(other))).toEqual([3, 'LIVE_REFUSED', 'STOP_POLICY_DIFFERS'])
    const refused = await resume(other, runId, approvalId)
    expect(refusalOf(refused)[0]).toBe(3)
    expect(await approvedAt(runId)).toEqual([])
    expect((await resume(at, runId, approvalId)).code).toBe(0)
    expect(jsonOf(await approve(at, runId, key))).toMatchObject({ outcome: 'succeeded' })
  })
})
