import { readFileSync, renameSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  aSigner,
  charter,
  enableExecution,
  historyOf,
  LIVE,
  rehearse,
  resume,
  sign,
  type start,
  started,
} from '../support/cli-steps.ts'

/** Hosts that share a store and differ in what they have: one that lacks what a run needs leaves it as it is. */

const STORE =
  'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL }, commits: local }\n'
const MAIN =
  'targets: { main: { readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL } }\n'

// Each command is a process, and a test has up to ten.
vi.setConfig({ testTimeout: 480_000, hookTimeout: 480_000 })

let server: StoreServer
let database: StoreDatabase
/** Has the target. */
let first: CutterHome
/** Has it too. */
let same: CutterHome
/** Lacks it. */
let lesser: CutterHome
let key: string

function aHost(config: string): CutterHome {
  const host = aCutterHome(config)
  host.env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
  return host
}

function withTarget(host: CutterHome): CutterHome {
  for (const role of ['reader', 'executor', 'verifier']) {
    const url = new URL(server.url('main', `cutter_${role}`))
    url.password = 'as-good-as-any'
    host.env[`${role.toUpperCase()}_URL`] = url.href
  }
  return host
}

beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  await database.asSuperuser('create database main')
  first = withTarget(aHost(STORE + LIVE + MAIN.replace(' } }', ', ownerUrlEnv: OWNER_URL } }')))
  first.env.OWNER_URL = server.url('main')
  key = aSigner(first)
  first.file('charter.md', charter('One.', 'Two.'))
  const signers = readFileSync(first.path('allowed_signers'))
  same = withTarget(aHost(STORE + LIVE + MAIN))
  lesser = aHost(STORE + LIVE)
  for (const host of [same, lesser]) host.file('allowed_signers', signers)
  first.env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  // Commands that start a server of their own take longer.
  await Promise.all([first.server(), same.server()])
  await enableExecution(first)
  expect((await first.cutter(['target', 'init', 'main'])).code).toBe(0)
  await first.cutter(['doctor'])
  delete first.env.CUTTER_STORE_OWNER_URL
})
afterAll(async () => {
  await Promise.all([first, same, lesser].map((host) => host?.remove()))
  await server?.close()
})

const live = (document: string, more: string[] = []) =>
  ({ document, source: first.path('charter.md'), mode: 'live', target: 'main', more }) as const
const errorOf = (answer: Awaited<ReturnType<typeof start>>) => jsonOf<{ error: ErrorJson }>(answer).error
const headOf = async (runId: string) => (await historyOf(first, runId)).at(-1)!.hash

/** Asserts that a host refuses to continue the run, with these words. */
async function expectRefused(host: CutterHome, runId: string, approvalId: string, words: string) {
  const refused = await resume(host, runId, approvalId)
  expect([refused.code, errorOf(refused).code]).toEqual([3, 'HOST_UNSUITABLE'])
  expect(errorOf(refused).message).toContain(words)
}

describe('a live cut into a target', () => {
  test('is left as it is by a host without the target, and continued by another that has it', async () => {
    const runId = await started(first, live('CHARTER'))
    const { approvalId } = await sign(lesser, runId, key)
    const head = await headOf(runId)
    const words = 'target main, which is not in cutter.yaml'
    await expectRefused(lesser, runId, approvalId, words)
    const cancelled = await lesser.cutter(['run', 'cancel', runId, '--reason', 'a test', '--json'])
    expect(errorOf(cancelled).code).toBe('HOST_UNSUITABLE')
    expect((await lesser.cutter(['run', 'explain', runId])).stdout).toContain(words)
    expect(await headOf(runId)).toBe(head)
    expect((await resume(same, runId, approvalId)).code).toBe(0)
    const closed = jsonOf<RunJson>(await approve(first, runId, key))
    expect(closed, JSON.stringify(closed.stop)).toMatchObject({ outcome: 'succeeded' })
    expect((await lesser.cutter(['run', 'export', runId, '--out', lesser.path('one.tar')])).code).toBe(0)
    expect((await lesser.cutter(['verify', lesser.path('one.tar')])).stdout).toContain('one.tar holds')
  })

  test('is left as it is where a variable of the target is not set, or its source is not there', async () => {
    first.file('other.md', charter('One.'))
    const source = first.path('other.md')
    const runId = await started(first, { ...live('OTHER'), source })
    const { approvalId } = await sign(first, runId, key)
    const url = same.env.VERIFIER_URL!
    delete same.env.VERIFIER_URL
    await expectRefused(same, runId, approvalId, 'the variable VERIFIER_URL of target main')
    same.env.VERIFIER_URL = url
    renameSync(source, `${source}.away`)
    await expectRefused(same, runId, approvalId, `the file ${source}`)
    renameSync(`${source}.away`, source)
  })
})

describe('what needs the home that started it', () => {
  test('a dry run is left as it is by all others', async () => {
    const { mode: _mode, ...dry } = live('DRY')
    const runId = await started(first, dry)
    const [entry] = await historyOf(first, runId)
    expect(entry!.event.home).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      host: expect.any(String),
    })
    const { approvalId } = await rehearse(first, runId)
    await expectRefused(same, runId, approvalId, 'what its home alone has')
    expect(jsonOf(await resume(first, runId, approvalId)).outcome ?? 'paused').toBe('paused')
  })
})

describe('a machine of a user’s own', () => {
  test('is left as it is by a host without its module', async () => {
    const module = first.file(
      'rotate-keys.ts',
      readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts')),
    )
    first.file('service.key', 'the old key\n')
    const answer = await first.cutter(['run', 'start', module, '--file', 'service.key', '--json'])
    const { runId } = jsonOf(answer)
    const { approvalId } = await rehearse(first, runId)
    const head = await headOf(runId)
    renameSync(module, `${module}.away`)
    const refused = await same.cutter(['run', 'resume', runId, '--approval', approvalId, '--json'])
    expect([refused.code, errorOf(refused).code]).toEqual([4, 'MACHINE_NOT_FOUND'])
    renameSync(`${module}.away`, module)
    expect(await headOf(runId)).toBe(head)
    expect(jsonOf(await resume(same, runId, approvalId)).outcome).toBe('succeeded')
  })
})
