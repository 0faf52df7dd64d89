import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import type { Step } from '../../../src/domain/step.ts'
import { groupStatements } from '../../../src/store/postgres/group-statement.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import { anApproval, anEffect, atGate, firstStep, mine, stepAfter, UNTIL } from '../step-fixture.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** What a group of steps costs the server: as many statements as tables, and time in proportion to the steps. */

const STEPS = 128
let server: StoreServer
let database: StoreDatabase
let store: ReturnType<typeof openRunStore>
let sent: number
beforeAll(async () => {
  server = await startStoreServer(15)
  database = await server.aDatabase()
})
beforeEach(async () => {
  await database.empty()
  store = openRunStore({
    ...database.options,
    connect: async () => counting(await database.options.connect()),
  })
  await store.run('nobody')
  sent = 0
})
afterEach(() => store.close())
afterAll(() => server?.close())

function counting(client: pg.Client): pg.Client {
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
  return Object.assign(client, {
    query(...args: unknown[]) {
      sent += 1
      return query(...args)
    },
  })
}

const requestsOf = (steps: Step[]) => steps.map((step) => ({ step, lease: mine }))

async function saved(steps: Step[]): Promise<Run[]> {
  const answers = await store.saveAll(requestsOf(steps))
  expect(answers.map(({ status }) => status)).toEqual(steps.map(() => 'fulfilled'))
  return steps.map(({ run }) => run)
}

const started = () =>
  saved(Array.from({ length: STEPS }, (_, n) => firstStep({ run: { startKey: `key-${n}` } })))

/** A step that changes each table. */
const fullStep = (run: Run) =>
  stepAfter(run, {
    effectDone: 'source_pin',
    effectsAsked: [anEffect('source_pin'), anEffect('mark')],
    timersAsked: [{ timerId: 't', dueAt: UNTIL, event: { type: 'tick' } }],
    evidence: [
      { name: 'e', digest: `sha256:${run.runId}`, mediaType: 'text/plain', bytes: Buffer.from([0, 255]) },
    ],
    messages: [
      {
        ...{ messageId: run.runId, receiver: 'r', kind: 'stopped', runId: run.runId, seq: 2, at: UNTIL },
        facts: {},
      } as never,
    ],
  })

test('first steps with keys, and steps that change every table, are saved by a few statements for all', async () => {
  let runs = await started()
  expect(sent).toBeLessThanOrEqual(3)
  sent = 0
  runs = await saved(runs.map(fullStep))
  // Begin, the group, commit, and a statement for each further table.
  expect(sent).toBeLessThanOrEqual(8)
  runs = await saved(
    runs.map((run) =>
      stepAfter(run, {
        effectsDropped: ['source_pin', 'mark'],
        effectsAsked: [anEffect('mark')],
        timersDropped: ['t'],
      }),
    ),
  )
  runs = await saved(runs.map((run) => stepAfter(run, { run: atGate(run) })))
  const approvals = runs.map((run) => anApproval(run))
  for (const approval of approvals) await store.saveApproval(approval)
  sent = 0
  await saved(
    runs.map((run, index) =>
      stepAfter(run, { approvalUsed: approvals[index]!.approvalId, run: atGate(run) }),
    ),
  )
  expect(sent).toBeLessThanOrEqual(3)
  const stored = (await store.storedRun(runs[7]!.runId))!
  expect(stored).toMatchObject({
    effects: [{ invokeId: 'mark', seq: 3 }],
    timers: [],
    evidence: [{ name: 'e', bytes: 2 }],
    approvals: [{ usedSeq: 5 }],
  })
})

test('of two new runs with one key in a group one is made, and the other one is refused by the key’s name', async () => {
  const steps = [1, 2].map(() => firstStep({ run: { startKey: 'k' } }))
  const [one, other] = await store.saveAll(requestsOf(steps))
  expect(one).toMatchObject({ status: 'fulfilled' })
  expect(other).toMatchObject({ reason: { code: 'KEY_REUSED' } })
  expect(await store.run(steps[1]!.run.runId)).toBeNull()
  expect(await store.history(steps[1]!.run.runId)).toEqual([])
})

test('no plan compares each step of a group with each other one', async () => {
  const runs = await started()
  const client = await database.options.connect()
  const groups = [
    runs.map(fullStep),
    Array.from({ length: STEPS }, () => firstStep({ run: { startKey: crypto.randomUUID() } })),
  ]
  for (const steps of groups) {
    const [{ text, values }] = groupStatements(requestsOf(steps)) as [{ text: string; values: unknown[][] }]
    await client.query('begin')
    const { rows } = await client.query(`explain (analyze, timing off, format json) ${text}`, values)
    await client.query('rollback')
    for (const node of nodesOf(rows[0]['QUERY PLAN'][0].Plan)) {
      const compared =
        node['Actual Loops'] * (node['Actual Rows'] + (node['Rows Removed by Join Filter'] ?? 0))
      expect(compared, node['Node Type']).toBeLessThanOrEqual(4 * STEPS)
    }
  }
  await client.end()
})

interface PlanNode {
  'Node Type': string
  'Actual Loops': number
  'Actual Rows': number
  'Rows Removed by Join Filter'?: number
  Plans?: PlanNode[]
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]
