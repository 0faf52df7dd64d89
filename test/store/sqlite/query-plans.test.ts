import type { Database } from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesEvidence } from '../../../src/domain/evidence.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { RunFilter } from '../../../src/store/run-filter.ts'
import { createRunLister } from '../../../src/store/sqlite/list-runs.ts'
import { openDatabase } from '../../../src/store/sqlite/open-database.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { pruneRun } from '../../../src/store/sqlite/prune-run.ts'
import { readFigures } from '../../../src/store/sqlite/read-figures.ts'
import { prepareStatements, type StatementName } from '../../../src/store/sqlite/statements.ts'
import { firstStep, mine, stepAfter } from '../step-fixture.ts'
import { aStoreFile, removeFolders } from '../store-folders.ts'

/**
 * Reading a store takes as long among 100,000 runs as among 1,000: SQLite plans no query that reads through a table that grows with the runs.
 * The plans are those of a store as it ships, without statistics.
 */

const options = aStoreFile()
let db: Database
beforeAll(() => {
  db = openDatabase(options)
})
afterAll(() => {
  db.close()
  removeFolders()
})

/** Tables with a row or more for each run that was ever started, and the names that queries give them. */
const GROWING = [
  ...['runs', 'history', 'approvals', 'evidence', 'run_evidence', 'closeout_signatures', 'pruned_runs'],
  ...['moved', 'before', 'given', 'sealed'],
]

/** How SQLite would perform a query, a line for each part. */
function planOf(sql: string): string[] {
  const names = [...new Set([...sql.matchAll(/@(\w+)/g)].map(([, name]) => name!))]
  const named = Object.fromEntries(names.map((name) => [name, null]))
  const positional = Array.from(sql.matchAll(/\?/g), () => null)
  const explained = db.prepare(`explain query plan ${sql}`)
  const rows = names.length > 0 ? explained.all(named) : explained.all(...positional)
  return (rows as { detail: string }[]).map(({ detail }) => detail)
}

/** The parts of a query's plan that read through a table that grows. Those that read through the open runs of a status alone are none. */
const scansOf = (sql: string) =>
  planOf(sql).filter((detail) => {
    const [, table] = /^SCAN (\w+)/.exec(detail) ?? []
    return table !== undefined && GROWING.includes(table) && !/ (working|paused|stopped)_runs$/.test(detail)
  })

/** The texts that are prepared by `work` on a store. `look` is called with each before it is used. */
async function preparedBy(work: (spied: Database) => unknown, look = (_: string) => {}): Promise<string[]> {
  const texts: string[] = []
  const spied = new Proxy(db, {
    get: (_, name) =>
      name === 'prepare'
        ? (text: string) => {
            texts.push(text)
            look(text)
            return db.prepare(text)
          }
        : Reflect.get(db, name, db),
  })
  await work(spied)
  return texts
}

/** What reads through all that there is, by its name or its text, and why it may. */
const READ_ALL = {
  historiesWithoutRun: 'cutter store check and cutter doctor compare each history with its run',
  approvals: 'cutter approval list answers with all of them',
}

describe('no query of the store reads through a table that grows', () => {
  const names = Object.getOwnPropertyNames(prepareStatements({} as Database)) as StatementName[]

  test.each(names)('%s', async (name) => {
    const [text] = await preparedBy((spied) => prepareStatements(spied)[name])
    if (name in READ_ALL) expect(scansOf(text!)).not.toEqual([])
    else expect(scansOf(text!)).toEqual([])
  })

  const list = (filter: Omit<RunFilter, 'limit'>) =>
    preparedBy((spied) => createRunLister(spied).list({ ...filter, limit: 50 }))

  test.each([[{}], [{ machines: ['cut'] }], [{ machine: 'cut' }], [{ operator: 'alice' }], [{ text: 'x' }]])(
    'a list of runs with %j ends at its last one, from the newest on',
    async (filter) => {
      const [text] = await list(filter)
      expect(scansOf(text!)).toEqual(['SCAN runs USING INDEX runs_by_start'])
      expect(text).toMatch(/ limit @limit$/)
    },
  )

  test('a list of the runs of an approver with few approvals reads those approvals alone', async () => {
    const texts = await list({ approver: 'alice' })
    const plans = texts.flatMap(planOf)
    expect(plans.filter((detail) => detail.startsWith('SCAN'))).toEqual(['SCAN (subquery-1)'])
    expect(plans.filter((detail) => detail.includes(' approvals '))).toEqual(
      Array(2).fill('SEARCH approvals USING COVERING INDEX approvals_by_approver (<expr>=?)'),
    )
    expect(plans).toContain('SEARCH runs USING INDEX sqlite_autoindex_runs_1 (run_id=?)')
  })

  test.each([
    ['', {}, 'runs_by_start'],
    [' of paused runs', { status: 'paused' }, 'paused_runs'],
  ] as const)('a continued list%s begins at its cursor, and is not sorted', async (_, filter, index) => {
    const [text] = await list({ ...filter, after: { startedAt: '2026', runId: 'r' } })
    expect(planOf(text!).slice(0, 1)).toEqual([`SEARCH runs USING INDEX ${index} (started_at<?)`])
    expect(planOf(text!).filter((detail) => detail.includes('TEMP B-TREE'))).toEqual([])
  })

  test.each(['working', 'paused', 'stopped'] as const)(
    'a list and a count of %s runs read the runs of that status alone, from the newest on',
    async (status) => {
      const filter = { status, machine: 'cut', operator: 'alice', limit: 50 }
      for (const text of [
        ...(await list(filter)),
        ...(await preparedBy((spied) => createRunLister(spied).count(filter))),
      ]) {
        expect(planOf(text)).toContain(`SCAN runs USING INDEX ${status}_runs`)
        expect(planOf(text).filter((detail) => detail.includes('TEMP B-TREE'))).toEqual([])
      }
    },
  )

  test.each([
    ['begins', {}, ''],
    ['continues', { after: { since: '2026', runId: 'r' } }, ' AND <expr>>?'],
  ])('a list of the longest waits %s at its place, and is not sorted', async (_, after, place) => {
    const filter = { status: 'paused', mode: 'live', limit: 50, ...after } as const
    const [text] = await preparedBy((spied) => createRunLister(spied).listWaiting(filter))
    expect(planOf(text!)[0]).toContain('SEARCH runs USING INDEX waiting_runs (status=? AND mode=?')
    expect(planOf(text!)[0]).toContain(place)
    expect(planOf(text!).filter((detail) => detail.includes('TEMP B-TREE'))).toEqual([])
  })

  test('a prune reads the run alone, also for evidence that others may have', async () => {
    const store = openRunStore(options)
    const begun = firstStep({ evidence: [bytesEvidence('own', 'text/plain', Buffer.from('own'))] })
    await store.create(begun, mine)
    const closing = { status: 'closed', outcome: 'cancelled', phase: null } as Partial<Run>
    const { run } = stepAfter(begun.run, { run: closing, effectDone: 'source_pin' })
    await store.advance(stepAfter(begun.run, { run: closing, effectDone: 'source_pin' }), mine)
    const { runId, machine, mode, startKey, seq, head } = run
    const kept = { closedAt: '2026', prunedAt: '2026', by: 'alice', bundleDigest: 'sha256:b' }
    const pruned = { runId, machine, mode, startKey, seq, head, outcome: 'cancelled', ...kept } as const
    const scans: string[] = []
    const texts = await preparedBy(
      (spied) => pruneRun(spied, pruned),
      // With the settings of that moment, because references add queries of their own.
      (text) => void scans.push(...scansOf(text)),
    )
    for (const table of ['runs', 'history', 'run_evidence', 'evidence'])
      expect([table, db.prepare(`select count(*) as n from ${table}`).get()]).toEqual([table, { n: 0 }])
    await store.close()
    expect(texts.filter((text) => text.includes('delete from ')).length).toBeGreaterThan(8)
    expect(scans).toEqual([])
  })

  test('counts for metrics read a part of the runs at a time', async () => {
    const texts = await preparedBy((spied) => readFigures(spied, 'none', async (work) => work()))
    expect(texts).toHaveLength(2)
    for (const text of texts) expect(scansOf(text)).toEqual([])
  })

  // The last one, because it leaves approvals, which are kept.
  test('a list of the runs of an approver with many approvals asks each run, from the newest on, and is the same', async () => {
    const store = openRunStore(options)
    const begun = firstStep()
    await store.create(begun, mine)
    const { runId } = begun.run
    const approve = db.prepare(`
      insert into approvals (approval_id, run_id, gate, kind, statement_text, imported_at)
      values (?, ?, 'SG1', 'rehearsal', '{"approver":"carol"}', '2026')`)
    for (let number = 1; number <= 1_000; number += 1) approve.run(`ap-${number}`, runId)
    const few = await store.list({ approver: 'carol', limit: 9 })
    approve.run('ap-one-more', runId)
    const texts = await list({ approver: 'carol' })
    expect(texts.flatMap(scansOf)).toEqual(['SCAN runs USING INDEX runs_by_start'])
    expect(few.map((found) => found.runId)).toEqual([runId])
    expect(await store.list({ approver: 'carol', limit: 9 })).toEqual(few)
    expect(await store.count({ approver: 'carol', limit: 9 })).toBe(1)
    expect(await store.list({ approver: 'dave', limit: 9 })).toEqual([])
    await store.close()
  })
})

test('a query that compares each id is found by this test', () => {
  expect(scansOf('select * from runs where substr(run_id, -2) = @text')).toEqual(['SCAN runs'])
  expect(scansOf('select 1 from approvals as given where gate = ?')).toEqual(['SCAN given'])
})
