import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClusterExamination } from '../../src/service/doctor/cluster.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { aSigner } from '../support/cli-steps.ts'
import { serve } from '../support/serving-program.ts'

/** `cutter doctor --cluster`: what the services that share a store in PostgreSQL say of themselves, compared. */

// The homes have no folder var/ yet.
const STORE = 'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL } }\n'

let server: StoreServer
let database: StoreDatabase
let homes: CutterHome[]
beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  homes = [aCutterHome(STORE), aCutterHome(STORE)]
  for (const { env } of homes) {
    env.CUTTER_STORE_URL = server.url(database.name, 'store_service')
    env.CUTTER_STORE_OWNER_URL = server.url(database.name, 'store_owner')
  }
}, 120_000)
afterAll(async () => {
  for (const home of homes) await home.remove()
  await server?.close()
})

async function examine(at: CutterHome) {
  const answer = await at.cutter(['doctor', '--cluster', '--json'])
  expect(answer.code, answer.stderr + answer.stdout).toBe(0)
  const { hosts, replication, findings } = jsonOf<ClusterExamination>(answer)
  const messages = Object.fromEntries(
    findings.map(({ check, status, message }) => [check, `${status} ${message}`]),
  )
  return { hosts, replication, messages }
}

describe('doctor --cluster', { timeout: 300_000 }, () => {
  test('names the services with their versions, machines, rules and clocks, and those that ended or were killed', async () => {
    const [one, two] = homes as [CutterHome, CutterHome]
    const empty = await examine(one)
    expect(empty.hosts).toEqual([])
    expect(empty.messages.services).toBe('warn no service works on the store')
    await one.cutter(['doctor'])
    const first = await serve(one)
    const second = await serve(two)
    await expect.poll(async () => (await examine(one)).hosts.length).toBe(2)
    const alike = await examine(one)
    expect(alike.hosts.map(({ state }) => state)).toEqual(['working', 'working'])
    expect(Object.keys(alike.hosts[0]!.machines)).toContain('cut')
    expect(alike.messages).toMatchObject({
      services: expect.stringMatching(/^ok 2 at work: /),
      versions: expect.stringMatching(/^ok all have Cutter /),
      machines: expect.stringMatching(/^ok \d+ are the same on all hosts$/),
      'shared rules': expect.stringMatching(/^ok all have those that /),
      clocks: expect.stringMatching(/^ok /),
      replication: expect.stringMatching(/^warn its server waits for no standby.*no standby follows/),
    })
    expect(alike.replication).toMatchObject({ synchronousCommit: 'on', standbys: [] })
    // One ends, the other is killed and has other signers by now.
    await first.end('SIGTERM')
    await second.end('SIGKILL')
    aSigner(two)
    const again = await serve(two)
    const differs = () => examine(one).then(({ messages }) => messages['shared rules'])
    await expect.poll(differs).toContain('refuse live runs')
    expect((await examine(one)).hosts.map(({ state }) => state).sort()).toEqual(['ended', 'working'])
    await again.end('SIGKILL')
    // As long after as a service is given.
    await database.asSuperuser(
      `update cutter_store.hosts set seen_at = seen_at - interval '2 minutes', clock_ms = 5000`,
    )
    const late = await examine(one)
    expect(late.hosts.map(({ state }) => state).sort()).toEqual(['ended', 'silent'])
    const text = await one.cutter(['doctor', '--cluster'])
    expect(text.stdout).toMatch(/^HOST +HOME +VERSION +STATE +SEEN +CLOCK/)
    expect(text.stdout).toContain('did not end, and was last seen at')
  })

  test('names another version of Cutter or of a machine, and a clock that is off', async () => {
    const [one, two] = homes as [CutterHome, CutterHome]
    const services = [await serve(one), await serve(two)]
    await expect.poll(async () => (await examine(one)).messages.services).toContain('2 at work')
    const { home } = (await examine(one)).hosts[0]!
    await database.asSuperuser(
      `update cutter_store.hosts set version = '0.1.0', clock_ms = -61000,
        machines = jsonb_set(machines::jsonb, '{cut,definitionDigest}', '"sha256:ffffffffffff"')::text where home = '${home}'`,
    )
    const { messages } = await examine(one)
    expect(messages.versions).toMatch(/^warn hosts have different versions of Cutter: 0\.1\.0 on /)
    expect(messages['machine cut']).toMatch(/^warn hosts have different definitions: .*ffffffff/)
    expect(messages.clocks).toMatch(/^warn they differ from the server’s: .*by -61\.0 s$/)
    for (const service of services) expect(await service.end('SIGTERM')).toBe(0)
  })

  test('is refused where the store is a file', async () => {
    const alone = aCutterHome()
    const answer = await alone.cutter(['doctor', '--cluster', '--json'])
    expect([answer.code, jsonOf<{ error: ErrorJson }>(answer).error.code]).toEqual([2, 'INPUT_REFUSED'])
    await alone.remove()
  })
})
