import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ErrorJson, jsonOf } from '../support/cli.ts'
import { approve, started } from '../support/cli-steps.ts'
import { aLiveHome, type LiveHome } from './live-home.ts'

const CHARTER =
  '# Charter\n\nWords before.\n\n## Chapter I\n\n### Article 1\n\nAll water is shared.\n\n### Article 2\n\nNobody owns it.\n'

let home: LiveHome

beforeAll(async () => {
  home = await aLiveHome()
  const { at, key } = home
  at.file('charter.md', CHARTER)
  const runId = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
  await approve(at, runId, key)
  await approve(at, runId, key)
})

afterAll(() => home.at.remove())

const exported = (...args: string[]) => home.at.cutter(['document', 'export', ...args])

interface Exported {
  content: string
  sourceVersionId: string
  inForce: boolean | null
  notes: string[]
  error: ErrorJson
}

test('document export returns a document in force as JSON, byte for byte, with the permanent id of each unit', async () => {
  const answer = await exported('--document', 'CHARTER', '--format', 'json')
  const { records, stored, sourceVersionId } = JSON.parse(answer.stdout)
  expect(records.map(({ text }: { text: string }) => text).join('')).toBe(CHARTER)
  expect(stored).toMatchObject({ target: 'embedded', inForceSince: expect.any(String) })
  const { rows } = await home.superuser.query(
    "select canonical_address as address, id from information_unit where doc_code = 'CHARTER' order by sort_order",
  )
  const units = records.filter(({ kind }: { kind: string }) => kind === 'unit')
  expect(
    units.map(({ address, unit }: { address: string; unit: { unitId: string } }) => ({
      address,
      id: unit.unitId,
    })),
  ).toEqual(rows)
  const again = await exported(
    '--document',
    'CHARTER',
    '--format',
    'json',
    '--source-version',
    sourceVersionId,
  )
  expect(again.stdout).toBe(answer.stdout)
})

test('document export puts units into their chapter in Akoma Ntoso, with the permanent id as GUID', async () => {
  const { stdout, code } = await exported('--document', 'CHARTER', '--format', 'akn')
  expect(code).toBe(0)
  const ids = [...stdout.matchAll(/<article eId="([^"]+)" wId="([^"]+)" GUID="([^"]+)"/g)]
  expect(ids.map(([, eId, wId]) => [eId, wId])).toEqual([
    ['chp_1__art_1', 'art_1'],
    ['chp_1__art_2', 'art_2'],
  ])
  const { rows } = await home.superuser.query(
    "select id from information_unit where doc_code = 'CHARTER' order by sort_order",
  )
  expect(ids.map(([, , , guid]) => guid)).toEqual(rows.map(({ id }) => id))
})

test('document export exports drafts, and notes that they are not in force', async () => {
  const { at, key } = home
  const runId = await started(at, { document: 'DRAFTED', source: 'small.md', mode: 'live' })
  await approve(at, runId, key)
  const answer = await exported('--document', 'DRAFTED', '--format', 'markdown', '--json')
  expect(jsonOf<Exported>(answer)).toMatchObject({
    content: readFileSync(at.path('small.md'), 'utf8'),
    inForce: false,
    notes: [expect.stringContaining('drafts, which are not in force')],
  })
})

test('document export refuses a document that was never cut, and an unknown version', async () => {
  for (const args of [
    ['--document', 'NOBODYS'],
    ['--document', 'CHARTER', '--source-version', 'sv-0'],
  ]) {
    const answer = await exported(...args, '--format', 'json', '--json')
    expect(answer.code).toBe(2)
    expect(jsonOf<Exported>(answer).error.message).toContain('holds no cut of')
  }
})

test('document export exports a file without a home, and never overwrites a file', async () => {
  const { at } = home
  const elsewhere = join(at.home, 'elsewhere')
  mkdirSync(elsewhere)
  const out = at.path('charter.xml')
  const args = [
    'document',
    'export',
    at.path('charter.md'),
    '--format',
    'akn',
    '--out',
    out,
    '--home',
    elsewhere,
  ]
  const written = await at.cutter([...args, '--json'])
  expect(jsonOf(written)).toMatchObject({ document: 'charter', file: out, units: 2, inForce: null })
  expect(readFileSync(out, 'utf8')).toContain('<article eId="chp_1__art_1" wId="art_1">')
  expect(readdirSync(elsewhere)).toEqual([])
  const again = await at.cutter([...args, '--json'])
  expect(again.code).toBe(2)
  expect(jsonOf<Exported>(again).error.message).toContain('exists already')
})

test('document export exports the new text after a re-cut, and the old text by its source version', async () => {
  const { at, key } = home
  const before = jsonOf<Exported>(await exported('--document', 'CHARTER', '--format', 'markdown', '--json'))
  const amended = CHARTER.replace('is shared', 'is common')
  at.file('charter.md', amended)
  const runId = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
  const plan = await at.cutter(['run', 'plan', runId, '--format', 'markdown'])
  expect(plan.stdout).toContain('All water is ~~shared~~ **common**')
  expect(plan.stdout).toContain('| `keep` | 1 |')

  // The new text is cut and not in force, so the old text is still the document.
  await approve(at, runId, key)
  expect((await exported('--document', 'CHARTER', '--format', 'markdown')).stdout).toBe(CHARTER)
  const lifecycle = await at.cutter(['run', 'plan', runId, '--format', 'markdown'])
  expect(lifecycle.stdout).toMatch(/\| `supersede` \| `CHARTER\/ARTICLE-1` \| Article 1 \| 2, for 1 \|/)
  expect(jsonOf(await approve(at, runId, key))).toMatchObject({ outcome: 'succeeded' })

  expect((await exported('--document', 'CHARTER', '--format', 'markdown')).stdout).toBe(amended)
  const old = await exported(
    '--document',
    'CHARTER',
    '--format',
    'markdown',
    '--source-version',
    before.sourceVersionId,
  )
  expect(old.stdout).toBe(CHARTER)
})
