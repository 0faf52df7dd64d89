import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import { anApproval, atGate, firstStep, mine, stepAfter } from '../step-fixture.ts'
import { connecting, type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** What the database itself refuses, what the service may not be able to do, and what several hosts share. */

let server: StoreServer
let database: StoreDatabase
let store: ReturnType<typeof openRunStore>
beforeAll(async () => {
  server = await startStoreServer(15)
  database = await server.aDatabase()
})
beforeEach(async () => {
  await database.empty()
  store = openRunStore(database.options)
})
afterEach(() => store.close())
afterAll(() => server?.close())

async function filled() {
  const evidence = [{ name: 'e', digest: 'd', mediaType: 'text/plain', bytes: Buffer.from('x') }]
  const start = firstStep({ run: { runId: 'r1', startKey: 'k1' }, evidence })
  await store.create(start, mine)
  const paused = stepAfter(start.run, { run: atGate(start.run) })
  await store.advance(paused, mine)
  const approval = anApproval(paused.run)
  await store.saveApproval(approval)
  await store.advance(stepAfter(paused.run, { approvalUsed: approval.approvalId }), mine)
  await store.setExecutionSwitch({ enabled: false, until: null, reason: 'r', by: 'b', at: 'now' })
  await store.recordHold({ kind: 'on', runId: null, reason: 'r', by: 'b', at: 'now' })
  const sealed = { runId: 'r1', kind: 'instance', signer: 'i', statementText: '{}', signature: 's' } as const
  await store.saveCloseoutSignature({ ...sealed, publicKey: 'k', at: 'now' })
}

const EDITS: [sql: string, trigger: string][] = [
  ["update cutter_store.history set at = 'then'", 'history is append-only'],
  ['delete from cutter_store.history', 'history is append-only'],
  ['truncate cutter_store.history', 'history is append-only'],
  ["update cutter_store.evidence set bytes = 'x'", 'evidence is append-only'],
  ['delete from cutter_store.evidence', 'evidence is append-only'],
  ["update cutter_store.run_evidence set name = 'other'", 'evidence is append-only'],
  ['delete from cutter_store.run_evidence', 'evidence is append-only'],
  ["update cutter_store.execution_switch set reason = 'x'", 'the execution switch is append-only'],
  ['delete from cutter_store.execution_switch', 'the execution switch is append-only'],
  ["update cutter_store.holds set kind = 'off'", 'holds are append-only'],
  ['delete from cutter_store.holds', 'holds are append-only'],
  ["update cutter_store.closeout_signatures set signature = 'x'", 'closeout signatures are append-only'],
  ['delete from cutter_store.closeout_signatures', 'closeout signatures are append-only'],
  ['delete from cutter_store.approvals', 'approvals are kept'],
  ["update cutter_store.approvals set gate = 'SG2'", 'an approval is used once and never edited'],
  ['delete from cutter_store.start_keys', 'used keys stay known'],
  ['delete from cutter_store.runs', 'runs are kept: cutter store prune removes closed ones'],
  [
    "update cutter_store.runs set started_by = 'x'",
    'a run keeps its origin, and moves by one step at a time',
  ],
]

describe('history and what belongs to it', () => {
  test.each(EDITS)(
    '%s: the service lacks the right, and a trigger binds a superuser',
    async (sql, message) => {
      await filled()
      await expect(database.asService(sql)).rejects.toMatchObject({ code: '42501' })
      await expect(database.asSuperuser(sql)).rejects.toMatchObject({ message })
    },
  )

  test('an approval that was used is not made unused, by whoever', async () => {
    await filled()
    const sql = 'update cutter_store.approvals set used_seq = null, used_at = null'
    for (const by of [database.asService, database.asSuperuser])
      await expect(by(sql)).rejects.toMatchObject({ message: 'an approval is used once and never edited' })
  })

  test('a run does not go back by an update of its row', async () => {
    await filled()
    for (const by of [database.asService, database.asSuperuser])
      await expect(by('update cutter_store.runs set seq = 1')).rejects.toMatchObject({
        message: 'a run keeps its origin, and moves by one step at a time',
      })
  })

  test('the service prunes by the owner’s function alone, which takes no open run', async () => {
    await filled()
    const write =
      "insert into cutter_store.pruned_runs values ('r1','m','live','failed',null,1,'h','','','','')"
    await expect(database.asService(write)).rejects.toMatchObject({ code: '42501' })
    const { rows } = await database.asService(`select cutter_store.prune_run('{"runId":"r1","head":"x"}')`)
    expect(rows).toEqual([{ prune_run: false }])
  })
})

describe('opening refuses', () => {
  const opening = async (changes: Partial<StoreDatabase['options']>, from = database) => {
    const other = openRunStore({ ...from.options, ...changes })
    try {
      await other.run('nobody')
    } finally {
      await other.close()
    }
  }

  test.each(['store_owner', 'postgres'])('a service that logs in as %s', async (user) => {
    const connect = connecting(server.url(database.name, user))
    await expect(opening({ connect })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`${user} could edit the history`),
    })
  })

  test('a database without the tables where the owner’s login is not there, and names the command', async () => {
    const empty = await server.aDatabase()
    await expect(opening({ connectOwner: null }, empty)).rejects.toMatchObject({
      code: 'STORE_UNWRITABLE',
      next: expect.stringContaining('cutter doctor'),
    })
    await opening({}, empty)
    await opening({ connectOwner: null }, empty)
  })

  test('a store that a newer Cutter wrote, and changes nothing', async () => {
    const newer = await server.aDatabase()
    await opening({}, newer)
    await newer.asOwner('insert into cutter_store.versions (version) values (9999)')
    await expect(opening({}, newer)).rejects.toMatchObject({ code: 'STORE_NEWER' })
  })

  test('a server that cannot be reached', async () => {
    const connect = connecting('postgres://nobody@127.0.0.1:1/none')
    await expect(opening({ connect })).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' })
  })
})

test('a text with NUL is refused as an input, by whichever write, and its neighbours are saved', async () => {
  const nul = 'a\u0000b'
  const good = firstStep()
  const bad = firstStep({ run: { startKey: nul } })
  const refused = { code: 'INPUT_REFUSED', message: expect.stringContaining('NUL') }
  const answers = await store.saveAll([good, bad].map((step) => ({ step, lease: mine })))
  expect(answers).toMatchObject([{ status: 'fulfilled' }, { reason: refused }])
  const hold = { kind: 'on', runId: null, reason: nul, by: 'b', at: 'now' } as const
  const evidence = [{ name: nul, digest: 'd', mediaType: 'text/plain', bytes: Buffer.from('x') }]
  const approval = anApproval(good.run, { approver: nul })
  for (const work of [
    () => store.recordHold(hold),
    () => store.advance(stepAfter(good.run, { evidence }), mine),
    () => store.setExecutionSwitch({ enabled: false, until: null, reason: nul, by: 'b', at: 'now' }),
    () => store.saveApproval(approval),
    () => store.run(nul),
    () => store.list({ text: nul, limit: 1 }),
  ])
    await expect(work()).rejects.toMatchObject(refused)
  expect(await store.run(good.run.runId)).toEqual(good.run)
  // What is JSON has the character escaped.
  await store.advance(stepAfter(good.run, { run: { output: { text: nul } } }), mine)
  expect((await store.run(good.run.runId))!.output).toEqual({ text: nul })
})

describe('several hosts', () => {
  test('use an approval once, however many try at the same moment', async () => {
    const start = firstStep()
    await store.create(start, mine)
    const paused = stepAfter(start.run, { run: atGate(start.run) })
    await store.advance(paused, mine)
    const approval = anApproval(paused.run)
    await store.saveApproval(approval)
    const hosts = Array.from({ length: 4 }, () => openRunStore(database.options))
    const step = stepAfter(paused.run, { approvalUsed: approval.approvalId })
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, (_, racer) => hosts[racer % 4]!.advance(step, mine)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await store.history(start.run.runId)).toHaveLength(3)
    await Promise.all(hosts.map((host) => host.close()))
  })

  test('move the same runs in opposite orders without a deadlock, each step once', async () => {
    const other = openRunStore(database.options)
    let runs = Array.from({ length: 40 }, () => firstStep())
    await Promise.all(runs.map((step) => store.create(step, mine)))
    for (let round = 0; round < 10; round += 1) {
      const steps = runs.map(({ run }) => stepAfter(run))
      const requests = steps.map((step) => ({ step, lease: mine }))
      const [one, two] = await Promise.all([store.saveAll(requests), other.saveAll(requests.toReversed())])
      const saved = [...one, ...two].filter(({ status }) => status === 'fulfilled')
      expect(saved).toHaveLength(runs.length)
      runs = steps
    }
    await other.close()
  })

  test('read entries only once nothing before them is missing', async () => {
    const slow = await database.options.connect()
    await slow.query('begin; select pg_current_xact_id()')
    const start = firstStep()
    await store.create(start, mine)
    expect(await store.entriesAfter(0, 9)).toEqual([])
    expect(await store.newestPlace()).toBe(0)
    await slow.query('commit')
    await slow.end()
    expect((await store.entriesAfter(0, 9)).map(({ runId }) => runId)).toEqual([start.run.runId])
  })

  test('continue the places of a dump that was restored into a server with lower numbers', async () => {
    const [before, after] = [firstStep(), firstStep()]
    await store.create(before, mine)
    await database.asOwner('update cutter_store.places set first_transaction = first_transaction - 100000')
    const refused = openRunStore({ ...database.options, connectOwner: null })
    await expect(refused.newestPlace()).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' })
    await refused.close()
    const restored = openRunStore(database.options)
    await restored.create(after, mine)
    const entries = await restored.entriesAfter(0, 9)
    expect(entries.map(({ runId }) => runId)).toEqual([before.run.runId, after.run.runId])
    await restored.close()
  })

  test('go by the server’s clock, whatever theirs is', async () => {
    const own = openRunStore(database.options)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    try {
      await own.run('nobody')
      const apart = own.clock.now().getTime() - (performance.timeOrigin + performance.now())
      expect(Math.abs(apart)).toBeLessThan(60_000)
    } finally {
      vi.useRealTimers()
      await own.close()
    }
  })
})
