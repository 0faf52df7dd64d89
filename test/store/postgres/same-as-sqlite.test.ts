import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bytesEvidence } from '../../../src/domain/evidence.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Step } from '../../../src/domain/step.ts'
import { copyRuns } from '../../../src/service/store/copy-runs.ts'
import { openCopier as openDatabaseCopier } from '../../../src/store/postgres/copy-runs.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import type { RunStore } from '../../../src/store/run-store.ts'
import { openCopier as openFileCopier } from '../../../src/store/sqlite/copy-runs.ts'
import { openRunStore as openSqlite } from '../../../src/store/sqlite/open-run-store.ts'
import { anApproval, anEffect, atGate, firstStep, mine, stepAfter, theirs, UNTIL } from '../step-fixture.ts'
import { aStoreFile, removeFolders } from '../store-folders.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

/** The same sequence of changes leaves the same in both stores, byte for byte, and is refused alike. A bundle is made from what is read here. */

let server: StoreServer
let database: StoreDatabase
let copies: StoreDatabase
beforeAll(async () => {
  server = await startStoreServer(18)
  database = await server.aDatabase()
  copies = await server.aDatabase()
})
afterEach(removeFolders)
afterAll(() => server?.close())

const none = { gate: null, gateSeq: null, gateHead: null, stopCode: null, stop: null, outcome: null }
const TEXTS = ['Điều 5 · “x”', '附則', '', ' \u0001\u001f "\\', '𝒳🏛', 'null', "o'brien; --"]

/** What a change does to a run, in both stores: the step, or what belongs to none. */
const CHANGES: ((run: Run, n: number) => Step | ((store: RunStore) => Promise<unknown>))[] = [
  (run, n) => stepAfter(run, { run: { output: { text: TEXTS[n % TEXTS.length]! }, workedMs: n } }),
  (run, n) => stepAfter(run, { effectDone: 'source_pin', effectsAsked: [anEffect(`e${n % 3}`)] }),
  (run, n) => stepAfter(run, { effectDone: `e${n % 3}`, effectsAsked: [anEffect('source_pin')] }),
  (run, n) => stepAfter(run, { effectsDropped: ['e1'], effectsAsked: [anEffect('e1', { input: n })] }),
  (run) =>
    stepAfter(run, { run: { ...atGate(run), gateSeq: run.seq + 1, gateHead: run.head } as Partial<Run> }),
  (run) => stepAfter(run, { run: { ...none, status: 'working' } as Partial<Run> }),
  (run, n) =>
    stepAfter(run, {
      run: {
        ...none,
        status: 'stopped',
        stopCode: 'STOP_DRIFT',
        stop: { code: 'STOP_DRIFT', message: TEXTS[n % TEXTS.length]!, next: 'n', data: { n } },
      } as Partial<Run>,
    }),
  (run) =>
    stepAfter(run, {
      run: { ...none, status: 'closed', outcome: 'abandoned' } as Partial<Run>,
      event: { type: 'cutter.run-abandoned', outcome: 'abandoned' },
    }),
  (run, n) =>
    stepAfter(run, {
      evidence: [
        bytesEvidence(`n${n}`, 'text/plain', Buffer.from(TEXTS[n % TEXTS.length]!)),
        bytesEvidence('bytes', 'application/octet-stream', Buffer.from([0, 255, n % 256, 13, 10])),
      ],
      timersAsked: [{ timerId: `t${n}`, dueAt: UNTIL, event: { type: 'tick' } }],
    }),
  (run, n) => (store) => store.saveApproval(anApproval(run, { nonce: `n${n % 2}`, reason: TEXTS[n % 7]! })),
  (run, n) => stepAfter(run, { approvalUsed: anApproval(run, { nonce: `n${n % 2}` }).approvalId }),
  (run) => (store) => store.claim(run.runId, 'e1', { owner: mine.owner, leaseUntil: UNTIL }, theirs),
  (run) => (store) => store.release(run.runId, mine.owner),
  (run, n) => (store) => store.renew(run.runId, { ...mine, until: `2026-03-01T10:00:0${n % 10}.000Z` }),
  // A step that follows an entry which is not the newest.
  (run) => stepAfter({ ...run, head: `sha256:${'0'.repeat(64)}` }),
  (run) => stepAfter({ ...run, seq: run.seq + 1 }),
]

const change = fc.record({
  run: fc.nat({ max: 2 }),
  change: fc.nat({ max: CHANGES.length - 1 }),
  n: fc.nat({ max: 99 }),
})

const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    (value) => ({ value: value ?? null }),
    ({ code, message, data }) => ({ code, data, ...(code === 'INTERNAL' ? {} : { message }) }),
  )

async function everythingOf(store: RunStore, runIds: string[]) {
  const runs = []
  for (const runId of runIds) {
    const stored = (await store.storedRun(runId))!
    const contents = [...stored.contents].map(([digest, bytes]) => [
      digest,
      Buffer.from(bytes).toString('hex'),
    ])
    runs.push({ ...stored, contents: contents.sort(), resumable: await store.resumableRun(runId) })
  }
  const filter = { mode: 'dry-run', limit: 9 } as const
  return {
    runs,
    list: await store.list({ limit: 9 }),
    paused: await store.listWaiting({ ...filter, status: 'paused' }),
    stopped: await store.listWaiting({ ...filter, status: 'stopped' }),
    found: await store.list({ text: 'source', approver: 'alice@example.org', limit: 9 }),
    entries: (await store.entriesAfter(0, 999)).map(({ runId, entry }) => ({ runId, entry })),
    working: await store.workingRuns(),
    due: await store.dueGates('2027-01-01T00:00:00.000Z'),
    gates: (await store.figures()).gates,
    waiting: await store.waitingAtGates('2027-01-01T00:00:00.000Z'),
  }
}

type Everything = Awaited<ReturnType<typeof everythingOf>>

/** Copies are saved run by run, so that only the entries of one run stay in their order. */
const byRun = ({ entries, ...rest }: Everything) => ({
  ...rest,
  entries: entries.map((one) => JSON.stringify(one)).sort(),
})

/** Moves what both stores have into the other kind of store. */
async function assertCopiesAre(
  everything: Everything,
  ids: string[],
  {
    postgres,
    sqlite,
    file,
  }: { postgres: RunStore; sqlite: RunStore; file: { file: string; migrationsDirectory: string } },
) {
  const other = aStoreFile()
  const intoFile = { store: openSqlite(other), copier: openFileCopier(other) }
  const intoBase = { store: openRunStore(copies.options), copier: await openDatabaseCopier(copies.options) }
  const fromFile = { store: sqlite, copier: openFileCopier(file) }
  const fromBase = { store: postgres, copier: await openDatabaseCopier(database.options) }
  const how = { left: new Set<string>(), interrupt: new AbortController().signal }
  try {
    for (const [from, into] of [
      [fromFile, intoBase],
      [fromBase, intoFile],
    ] as const) {
      const first = await copyRuns(from, into, how)
      expect(first).toMatchObject({ runs: ids.length, moved: ids.length })
      expect(await copyRuns(from, into, how)).toMatchObject({ runs: ids.length, moved: 0 })
      expect(byRun(await everythingOf(into.store, ids))).toEqual(byRun(everything))
    }
  } finally {
    for (const { copier } of [intoFile, intoBase, fromFile, fromBase]) await copier.close()
    await Promise.all([intoFile.store.close(), intoBase.store.close()])
  }
}

test('a sequence of changes leaves the same in SQLite and PostgreSQL', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 5, maxLength: 40 }), async (changes) => {
      await Promise.all([database.empty(), copies.empty()])
      const file = aStoreFile()
      const [postgres, sqlite] = [openRunStore(database.options), openSqlite(file)]
      try {
        const starts = [
          firstStep({ run: { startKey: 'k' } }),
          firstStep(),
          firstStep({ run: { startKey: 'k' } }),
        ]
        let runs: Run[] = []
        for (const start of starts) {
          const outcomes = [
            await outcomeOf(sqlite.create(start, mine)),
            await outcomeOf(postgres.create(start, mine)),
          ]
          expect(outcomes[1]).toEqual(outcomes[0])
          if ('value' in outcomes[0]!) runs.push(start.run)
        }
        for (const { run: index, change: which, n } of changes) {
          const run = runs[index % runs.length]!
          const made = CHANGES[which]!(run, n)
          // No chart moves a run that is closed.
          if (run.status === 'closed' && typeof made !== 'function') continue
          const into = (store: RunStore) =>
            typeof made === 'function' ? made(store) : store.advance(made, mine)
          const outcomes = [await outcomeOf(into(sqlite)), await outcomeOf(into(postgres))]
          expect(outcomes[1]).toEqual(outcomes[0])
          if (typeof made !== 'function' && 'value' in outcomes[0]!)
            runs = runs.map((one) => (one === run ? made.run : one))
        }
        const ids = runs.map(({ runId }) => runId)
        const everything = await everythingOf(sqlite, ids)
        expect(await everythingOf(postgres, ids)).toEqual(everything)
        await assertCopiesAre(everything, ids, { postgres, sqlite, file })
      } finally {
        await Promise.all([postgres.close(), sqlite.close()])
      }
    }),
    { numRuns: 15 },
  )
}, 300_000)
