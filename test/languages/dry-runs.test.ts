import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { App } from '../../src/app/open-app.ts'
import { listUnits, type Scan, scanDocument } from '../../src/document/scan.ts'
import type { Run } from '../../src/domain/run.ts'
import { withSession } from '../../src/targets/postgres/pg-session.ts'
import { type UdhrText, udhrTexts } from '../support/udhr.ts'
import { clean } from '../targets/embedded/embedded-homes.ts'
import {
  anApp,
  aSource,
  expectClosedWithoutATrace,
  expectCompleteCoverage,
  start,
  throughBothGates,
} from './dry-run-fixture.ts'

// Complete dry runs, through both gates, on the embedded server: every translation of the Universal Declaration whose articles
// are all found, and the real law texts. They share one home and one server, two runs at a time.

const exact = udhrTexts().filter(scansExactly)
const lawFolder = join(import.meta.dirname, '../../../shared/documents')

let app: App
const took = new Map<string, number>()
let begun = 0

beforeAll(async () => {
  app = await anApp()
  begun = performance.now()
})

afterAll(async () => {
  if (took.size > 0) console.log(summary())
  await app?.close()
  expect(await clean()).toEqual([])
})

test('the scan finds all articles of at least 375 translations', () => {
  expect(exact.length).toBeGreaterThanOrEqual(375)
})

describe.concurrent('a dry run of the Universal Declaration', () => {
  test.each(exact.map((text) => [text.code, text] as const))(
    'a dry run of the declaration in %s ends with its articles as units and unchanged counts',
    (_, text) => twoAtATime(() => completeRun(text)),
  )
})

async function completeRun({ code, text, expectedArticles }: UdhrText): Promise<void> {
  const bytes = Buffer.from(text)
  const atLast = await measured(code, () =>
    throughBothGates(app, `UDHR-${code}`, aSource(app, `${code}.txt`, bytes)),
  )
  expectClosedWithoutATrace(atLast)
  const units = listUnits(scanDocument(bytes, { document: `UDHR-${code}` }))
  expect(units.filter(({ number }) => number !== null)).toHaveLength(expectedArticles)
  expect(atLast.output).toMatchObject({ units: units.length, enacted: units.length, verified: true })
  await expectCompleteCoverage(app, atLast, bytes)
}

const laws = [
  ['vi-constitution-2013.txt', { units: 121, levels: { chapter: 11, article: 120 } }],
  // Seven articles, and the preamble.
  ['en-us-constitution-1787.md', { units: 8 }],
  ['de-grundgesetz-a-2010-07.md', {}],
  ['de-grundgesetz-b-2012-07.md', {}],
] as const

const twiceNumbered = ['fr-constitution-1958-a-2009-03-01.md', 'fr-constitution-1958-b-2009-12-01.md']

describe('a dry run of a real law', () => {
  test.for(laws)(
    'a dry run of %s ends with its units and unchanged counts',
    async ([file, expected], { skip }) => {
      const source = lawFile(file, skip)
      const bytes = readFileSync(source)
      const atLast = await measured(file, () => throughBothGates(app, documentOf(file), source))
      expectClosedWithoutATrace(atLast)
      const units = listUnits(scanDocument(bytes, { document: 'DOC' })).length
      expect(atLast.output).toMatchObject({ units, enacted: units, ...expected })
      await expectCompleteCoverage(app, atLast, bytes)
    },
  )

  test.for(twiceNumbered)(
    'a dry run of %s stops and names both places of each repeated address',
    async (file, { skip }) => {
      const source = lawFile(file, skip)
      const stopped = await start(app, documentOf(file), source)
      expect(stopped).toMatchObject({
        status: 'stopped',
        state: 'SOURCE_PINNED',
        stopCode: 'STOP_REFUSED_INPUT',
      })
      const { message, data } = stopped.stop!
      const { problems } = data as { problems: { code: string; message: string }[] }
      const doubled = doubledHeadings(source)
      expect(doubled.length).toBeGreaterThanOrEqual(5)
      expect(problems.map(({ code }) => code)).toEqual(doubled.map(() => 'ADDRESS_COLLISION'))
      for (const [i, { heading, lines }] of doubled.entries()) {
        for (const line of lines) expect(problems[i]!.message).toContain(`line ${line} ("${heading}")`)
      }
      expect(message).toContain(problems[0]!.message)
      expect(message).toContain('nothing was changed')
      const cancelled = await app.engine.cancel(stopped.runId, { reason: 'the source must be fixed' })
      expect(cancelled).toMatchObject({ status: 'closed', outcome: 'cancelled' })
    },
  )
})

describe('after all dry runs', () => {
  test('a second run of the same text has the same plan and the same source version', async () => {
    const english = exact.find(({ code }) => code === 'eng')!
    const source = aSource(app, 'eng.txt', Buffer.from(english.text))
    const [one, other] = [await start(app, 'UDHR-eng', source), await start(app, 'UDHR-eng', source)]
    expect(other.runId).not.toBe(one.runId)
    expect(other.planDigest).toBe(one.planDigest)
    expect(sourceVersionOf(other)).toBe(sourceVersionOf(one))
    for (const { runId } of [one, other]) await app.engine.cancel(runId, { reason: 'compared' })
  })

  test('the target has no unit, and the server only the rehearsal databases of cancelled runs', async () => {
    const embedded = await app.embedded()
    const units = await withSession(
      await embedded.superuserUrl('cutter'),
      { applicationName: 'test' },
      (sql) => sql.query('select from public.information_unit'),
    )
    expect(units.rowCount).toBe(0)
    const { rows } = await withSession(
      await embedded.superuserUrl('postgres'),
      { applicationName: 'test' },
      (sql) => sql.query<{ datname: string }>(`select datname from pg_database where datname ~ '^scratch_'`),
    )
    const cancelled = (await app.store.list({ status: 'closed', limit: 1_000 }))
      .filter(({ outcome }) => outcome === 'cancelled')
      .map(({ runId }) => runId.toLowerCase().replaceAll('-', '_'))
    for (const { datname } of rows) expect(cancelled).toContain(datname.replace('scratch_', ''))
  })
})

function scansExactly({ code, text, expectedArticles }: UdhrText): boolean {
  let found: Scan
  try {
    found = scanDocument(Buffer.from(text), { document: `UDHR-${code}` })
  } catch {
    return false
  }
  const units = listUnits(found).filter(({ number }) => number !== null)
  const inOrder = units.every(({ number }, i) => number === String(i + 1))
  return (
    inOrder &&
    units.length === expectedArticles &&
    found.problems.every(({ severity }) => severity === 'note')
  )
}

function lawFile(name: string, skip: (why: string) => never): string {
  const path = join(lawFolder, name)
  if (existsSync(path)) return path
  console.log(`skipped: ${name}: it is not in ../shared/documents`)
  return skip('it is not in ../shared/documents')
}

/** Finds article headings that occur twice, in the order of their second place. */
function doubledHeadings(source: string): { heading: string; lines: number[] }[] {
  const places = new Map<string, number[]>()
  for (const [i, line] of readFileSync(source, 'utf8').split('\n').entries()) {
    if (line.startsWith('##### ')) places.set(line, [...(places.get(line) ?? []), i + 1])
  }
  return [...places]
    .map(([line, lines]) => ({ heading: line.slice(6), lines }))
    .filter(({ lines }) => lines.length === 2)
    .sort((a, b) => a.lines[1]! - b.lines[1]!)
}

const documentOf = (file: string) => file.replace(/\.(?:md|txt)$/, '').toUpperCase()

const sourceVersionOf = ({ output }: Run) => (output as { sourceVersionId: string }).sourceVersionId

async function measured(name: string, run: () => Promise<Run>): Promise<Run> {
  const at = performance.now()
  const ended = await run()
  took.set(name, performance.now() - at)
  return ended
}

const waiting: (() => void)[] = []
let running = 0

/** Runs at most two tasks at once, because there are two cores. */
async function twoAtATime(task: () => Promise<void>): Promise<void> {
  if (running >= 2) await new Promise<void>((go) => waiting.push(go))
  else running += 1
  try {
    await task()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}

function summary(): string {
  const times = [...took.values()].sort((a, b) => a - b).map(Math.round)
  const slowest = [...took].sort((a, b) => b[1] - a[1]).slice(0, 3)
  return [
    `dry runs       ${took.size}`,
    `seconds in all ${((performance.now() - begun) / 1_000).toFixed(1)}`,
    `ms for a run   min ${times[0]}, median ${times[times.length >> 1]}, max ${times.at(-1)}`,
    `slowest        ${slowest.map(([name, ms]) => `${name} ${Math.round(ms)}`).join(', ')}`,
  ].join('\n')
}
