import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reassemble } from '../../src/effects/cut/verifier.ts'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  aSigner,
  charter,
  enableExecution,
  growth,
  LIVE,
  rehearseOn,
  resume,
  rowsIn,
  sign,
  started,
} from './acts.ts'

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  at = aCutterHome(LIVE)
  key = aSigner(at)
  await enableExecution(at)
  await at.server()
  await at.cutter(['target', 'init', 'embedded'])
  superuser = await at.superuser()
})

afterAll(() => at.remove())

const show = async (runId: string) => jsonOf<RunJson>(await at.cutter(['run', 'show', runId, '--json']))
const planOf = async (runId: string) => JSON.parse((await at.cutter(['run', 'plan', runId])).stdout)

interface CutPlanJson {
  actions: { action: string; address: string; change: string | null; from: string[] }[]
  endings: { action: string; address: string; successors: string[] }[]
  aliases: { kind: string; aliasAddress: string; address: string }[]
}

/** A live run through both gates; `output.plan` is what its first gate approved. */
async function cut(document: string, source: string): Promise<RunJson> {
  const runId = await started(at, { document, source, mode: 'live' })
  await approve(at, runId, key)
  const closed = jsonOf<RunJson>(await approve(at, runId, key))
  expect(closed, JSON.stringify(closed.stop)).toMatchObject({ outcome: 'succeeded' })
  return closed
}

/** The same in a dry run, on its copy. */
async function rehearsed(document: string, source: string): Promise<RunJson> {
  const runId = await started(at, { document, source })
  await rehearseOn(at, runId)
  const closed = jsonOf<RunJson>(await rehearseOn(at, runId))
  expect(closed.outcome).toBe('succeeded')
  return closed
}

const rebuilt = async ({ runId }: RunJson) => (await reassemble(superuser, `cs-${runId}`)).toString('utf8')

/** Units of a document as `number status text-of-version-in-force`, by address. */
async function unitsOf(document: string): Promise<string[]> {
  const { rows } = await superuser.query<{ line: string }>(
    `select replace(u.canonical_address, $1 || '/', '') || ' ' || u.lifecycle_status || ' v' || v.version_seq as line
     from information_unit u join unit_version v on v.id = u.version_anchor_ref
     where u.doc_code = $1 order by u.canonical_address collate "C"`,
    [document],
  )
  return rows.map(({ line }) => line)
}

const documents = join(import.meta.dirname, '../../../shared/documents')
const missing = !existsSync(documents)
if (missing) console.log('skipped "real amendments": ../shared/documents is not there')

describe.skipIf(missing)('the Grundgesetz of 2010, cut again as of 2012', () => {
  const [a, b] = ['de-grundgesetz-a-2010-07.md', 'de-grundgesetz-b-2012-07.md'].map((name) =>
    join(documents, name),
  ) as [string, string]
  let first: RunJson
  let before: { [table: string]: number }

  beforeAll(async () => {
    first = await cut('GG', a)
    before = await rowsIn(superuser)
  })

  test('rehearses in a dry run, which leaves the target as it was', async () => {
    const dry = await rehearsed('GG', b)
    expect(dry.output.plan).toMatchObject({ create: 0, adopt: 0, keep: first.output.units - 1, amend: 1 })
    expect(dry.output.counts.identical).toBe(true)
    expect(await rowsIn(superuser)).toEqual(before)
  })

  test('writes one version of Art 93, puts it into force in the place of the old one, and both texts come back', async () => {
    const runId = await started(at, { document: 'GG', source: b, mode: 'live' })
    const plan: CutPlanJson = await planOf(runId)
    expect(plan.actions.filter(({ action }) => action !== 'keep')).toMatchObject([
      { action: 'amend', change: 'amended', address: 'GG/ARTICLE-93', from: ['GG/ARTICLE-93'] },
    ])
    expect([plan.endings, plan.aliases]).toEqual([[], []])

    await approve(at, runId, key)
    expect(growth(before, await rowsIn(superuser))).toEqual({ units: 0, versions: 1, log: 0, governance: 15 })
    expect(await unitsOf('GG')).toContain('ARTICLE-93 enacted v1')
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed).toMatchObject({ outcome: 'succeeded', output: { enacted: 1, superseded: 1 } })
    expect(growth(before, await rowsIn(superuser))).toEqual({ units: 0, versions: 1, log: 2, governance: 16 })
    expect((await unitsOf('GG')).filter((line) => !line.endsWith('enacted v1'))).toEqual([
      'ARTICLE-93 enacted v2',
    ])
    expect((await rebuilt(closed)) === readFileSync(b, 'utf8')).toBe(true)
    expect((await rebuilt(first)) === readFileSync(a, 'utf8')).toBe(true)
  })

  test('plans and writes nothing when the amended text is cut once more', async () => {
    const rows = await rowsIn(superuser)
    const again = await cut('GG', b)
    expect(again.output.plan).toEqual({ create: 0, adopt: 0, keep: first.output.units, governanceRows: 13 })
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 0, versions: 0, log: 0, governance: 14 })
  })
})
