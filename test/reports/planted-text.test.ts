import { afterAll, expect, test } from 'vitest'
import { diffWords } from '../../src/document/diff/word-diff.ts'
import type { Json } from '../../src/domain/json.ts'
import { formatDeployReport } from '../../src/effects/deploy/stages.ts'
import type { MigrationCloseout } from '../../src/effects/migrate/migration-closeout.ts'
import { renderMigrationCloseout } from '../../src/effects/migrate/migration-closeout-markdown.ts'
import { describeEnd, formatRollbackReport } from '../../src/effects/rollback/rollback-report.ts'
import { planToMarkdown } from '../../src/plan-page/plan-to-markdown.ts'
import { buildReports } from '../../src/reports/build-reports.ts'
import type { StoredRun } from '../../src/store/run-store.ts'
import { approved, aWorldWithPolicies } from '../engine/edited-store.ts'
import { start, type World } from '../machines/crashing-engine.ts'
import { aMigrationPlan, aRollbackPlan } from '../plan-page/migration-plan-fixture.ts'
import { removeFolders } from '../store/store-folders.ts'
import { PLANTED, plantedLines, showEach } from '../support/planted-text.ts'

/** No text of others makes a line, a heading, a row or a block of a page for people, wherever it stands. */

afterAll(removeFolders)

const textOf = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString('utf8'))
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

async function recordsOf(world: World): Promise<StoredRun[]> {
  const paused = await start(world)
  const records = [(await world.store.storedRun(paused.runId))!]
  await world.engine.resume(paused.runId, { approvalId: 'ap-unknown' }).catch(() => undefined)
  const closed = await approved(world, await approved(world, paused))
  return [...records, (await world.store.storedRun(closed.runId))!]
}

const pagesOf = (record: StoredRun, allowedSigners: string, of?: string[]) =>
  buildReports({ record, allowedSigners, rules: () => ({ validHours: 24, ...(of ? { of } : {}) }) })

/** All pages of a record as one text. */
const textOfPages = (record: StoredRun) =>
  pagesOf(record, PLANTED, [PLANTED])
    .map(({ markdown }) => markdown)
    .join('\n')

const faultsIn = (shown: { path: string; text: string }[]) =>
  shown.flatMap(({ path, text }) => plantedLines(text).map((line) => `${path}: ${line}`))

test('no field of a run’s record makes a line of its reports', async () => {
  const world = aWorldWithPolicies()
  const records = await recordsOf(world)
  world.store.close()
  const shown = records.flatMap(({ contents, ...record }) => {
    const live = { ...record, run: { ...record.run, mode: 'live' as const } }
    const isJson = ([digest]: [string, unknown]) =>
      record.evidence.some((one) => one.digest === digest && one.mediaType === 'application/json')
    const evidence = [...contents]
      .filter(isJson)
      .flatMap(([digest, bytes]) =>
        showEach(textOf(bytes), (planted) =>
          textOfPages({ ...record, contents: new Map([...contents, [digest, bytesOf(planted)]]) }),
        ),
      )
    const fields = [record, live].flatMap((one) =>
      showEach(one, (planted) => textOfPages({ ...planted, contents })),
    )
    return [...evidence, ...fields]
  })
  expect(faultsIn(shown)).toEqual([])
  expect(shown.length).toBeGreaterThan(1_000)
})

test('Markdown that a phase wrote is a quotation in its receipt', async () => {
  const world = aWorldWithPolicies()
  const [, closed] = await recordsOf(world)
  world.store.close()
  const evidence = closed!.evidence.map((one) => ({ ...one, mediaType: 'text/markdown' }))
  const contents = new Map([...closed!.contents.keys()].map((digest) => [digest, Buffer.from(PLANTED)]))
  const pages = pagesOf({ ...closed!, evidence, contents }, './allowed_signers')
  expect(pages.flatMap(({ markdown }) => plantedLines(markdown, /^>/))).toEqual([])
  expect(pages.some(({ markdown }) => markdown.includes('> # PLANTED'))).toBe(true)
})

const UNIT = { address: 'A/1', title: 't', parent: 'A', contentHash: 'sha256:1', start: 0, end: 4 }
const TARGET = { systemIdentifier: '1', database: 'd', serverVersion: 150018 }
const EXPECTED = { units: [{ address: 'A/1', lifecycleStatus: 'draft' }], surface: { triggers: ['t'] } }
const ALIASES = [{ kind: 'moved', aliasAddress: 'A/0', address: 'A/1' }]
const PLANS = {
  cut: {
    ...{ type: 'cutter.plan.cut/v1', mode: 'dry-run', document: 'A', target: TARGET, expected: EXPECTED },
    source: { sourceVersionId: 'v', sha256: '1', bytes: 4, profile: 'p', profileVersion: '1' },
    actions: [
      { ...UNIT, action: 'create', change: 'added', from: ['A/0'] },
      { ...UNIT, action: 'amend', oldContentHash: 'sha256:2' },
    ],
    endings: [{ action: 'retire', address: 'A/2', contentHash: 'sha256:2', successors: ['A/1'] }],
    ...{ aliases: ALIASES, left: ['A/3'] },
    accepted: [{ code: 'C', message: 'm', line: 1 }],
    excluded: [{ heading: 'h', reason: 'r', start: 0, end: 1 }],
    layout: [{ text: 'x' }],
    arithmetic: { unitsWritten: 1, governanceRows: 1 },
    rollback: { beforeCommit: 'b', later: 'l' },
  },
  lifecycle: {
    ...{
      type: 'cutter.plan.lifecycle/v1',
      mode: 'live',
      document: 'A',
      target: TARGET,
      sourceVersionId: 'v',
    },
    actions: [
      {
        ...{ action: 'enact', address: 'A/1', versionSeq: 1, from: 'draft', to: 'enacted', contentHash: 'c' },
        replaces: { versionSeq: 1, to: 'superseded' },
        after: { versionSeq: 1, status: 'retired' },
        successors: ['A/2'],
      },
    ],
    ...{ aliases: ALIASES, expected: EXPECTED, rollback: { afterCommit: 'a' } },
  },
  other: {
    fact: 'f',
    deep: { list: ['a', { b: 'c' }], text: 't' },
    rows: [{ a: 'b' }, { c: ['d'] }],
    mixed: ['a', { b: 'c' }],
    commands: [
      { id: 'c1', argv: ['ls', '-l'] },
      { id: 'c2', argv: ['sh', '-c', 'echo', 'name', 'one'] },
    ],
  },
  migrate: aMigrationPlan(),
  'migrate-rollback': aRollbackPlan(),
}

test.each(Object.entries(PLANS))('no field of the %s plan makes a line of its page', (_, plan) => {
  const reading = {
    ...{ runId: 'r', machine: 'm', version: '1', gate: 'SG1', planDigest: 'd', cut: PLANS.cut },
    ...{ source: Buffer.from(`t\n${PLANTED}`), texts: new Map([['sha256:2', PLANTED]]) },
    ...{ differing: diffWords, page: null, pageSize: 200, files: {}, measured: null },
  }
  const facts = { runId: 'r', machine: 'm', version: '1', gate: 'SG1', planDigest: 'd' }
  const shown = [
    ...showEach<Json>(plan as Json, (planted) => planToMarkdown({ ...reading, plan: planted })),
    ...showEach(facts, (planted) => planToMarkdown({ ...reading, ...planted, plan: plan as Json })),
  ]
  // A script is shown with its own lines, in a fence that nothing in it ends.
  const outside = shown.map(({ path, text }) => ({
    path,
    text: text.replace(/^(`{3,})(?:sh|sql)\n[\s\S]*?\n\1$/gm, ''),
  }))
  expect(faultsIn(outside)).toEqual([])
})

test('no field makes a line of the closeout of a migration, or of the report of a deploy or a rollback', () => {
  const check = { name: 'n', pass: true, value: 'v', expected: 'e' }
  const closeout = {
    ...{ runId: 'r', mode: 'live', bundle: 'b', migrationSha256: 's', standsAs: 's', nextStep: 'n' },
    target: { name: 't', systemIdentifier: '1', database: 'd', version: '15', role: 'r' },
    did: {
      schema: { added: ['a'], removed: ['r'], changed: ['c'] },
      rows: { t: { inserted: 1, updated: 1, deleted: 1 } },
      columns: { t: { c: 1 } },
    },
    values: { t: { c: { before: 1, after: 2 } } },
    checks: { preflight: [check], verification: [check], failed: ['f'] },
    sideEffects: [{ what: 'w', table: 't', columns: ['c'], rows: 1 }],
    backups: [{ which: 'w', file: 'f', sha256: 's', takenAt: 't', holds: 'h', retention: 'r' }],
    rehearsalKept: { place: 'p', database: 'd' },
    unauthorised: ['u'],
    ...{ distributions: [{ name: 'd', rows: [{ v: 1 }] }], rollbackExecuted: false, scope: 's' },
  } as unknown as MigrationCloseout
  const stage = { status: 'FAIL' as const, why: 'w', facts: { a: 'b', c: { d: ['e'] } } }
  const stages = { G0: stage, G1: stage, G2: stage, G3: stage, G4: stage, G5: stage, G6: stage, G7: stage }
  const rollback = {
    context: { runId: 'r', mode: 'live' },
    plan: {
      ...{
        ofRun: 'o',
        commit: 'c',
        host: { address: 'a', hostKey: 'k' },
        files: 1,
        target: '/t',
        pointer: null,
      },
      removes: [{ path: 'p', type: 'file', sha256: 's', cache: true }],
    },
    anchors: { previous: [{ path: 'p', treeHash: 'h' }] },
    report: { standsAs: 's', kept: 'k', staysOutside: ['f'], differences: ['d'], tolerated: ['t'] },
  }
  // biome-ignore lint/suspicious/noExplicitAny: a part of what the report reads
  const rollbackPage = ({ context, plan, anchors, report }: any) =>
    formatRollbackReport(context, plan, anchors, { ...report, standsAs: describeEnd(context.mode, plan) })
  const shown = [
    ...showEach(closeout, renderMigrationCloseout),
    ...showEach({ title: 't', stages, more: ['m'] }, ({ title, stages, more }) =>
      formatDeployReport(title, stages, more),
    ),
    ...showEach(rollback, rollbackPage),
  ]
  expect(faultsIn(shown)).toEqual([])
})
