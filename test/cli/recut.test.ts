import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { reassembleDocument } from '../../src/effects/cut/verifier.ts'
import { articles, sentences } from '../support/articles.ts'
import { type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import {
  approve,
  cutInForce,
  growth,
  rehearseOn,
  resume,
  rowsIn,
  sign,
  start,
  started,
} from '../support/cli-steps.ts'
import { aLiveHome } from './live-home.ts'

// Several live runs each: a loaded machine takes over a minute.
vi.setConfig({ testTimeout: 240_000 })

let at: CutterHome
let key: string
let superuser: pg.Client

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
})

afterAll(() => at.remove())

const planOf = async (runId: string) => JSON.parse((await at.cutter(['run', 'plan', runId])).stdout)

interface CutPlanJson {
  actions: { action: string; address: string; change: string | null; from: string[] }[]
  endings: { action: string; address: string; successors: string[] }[]
  aliases: { kind: string; aliasAddress: string; address: string }[]
}

/** A live run through both gates. `output.plan` describes the plan that its first gate approved. */
const cut = (document: string, source: string, ...more: string[]) =>
  cutInForce(at, key, { document, source, more })

/** The same in a dry run, on its rehearsal database. */
async function rehearsed(document: string, source: string, ...more: string[]): Promise<RunJson> {
  const runId = await started(at, { document, source, more })
  await rehearseOn(at, runId)
  const closed = jsonOf<RunJson>(await rehearseOn(at, runId))
  expect(closed.outcome).toBe('succeeded')
  return closed
}

const rebuilt = async ({ runId }: RunJson) =>
  (await reassembleDocument(superuser, `cs-${runId}`)).toString('utf8')

/** Units of a document as `number status text-in-force`, by address. */
async function unitsOf(document: string): Promise<string[]> {
  const { rows } = await superuser.query<{ line: string }>(
    `select replace(u.canonical_address, $1 || '/', '') || ' ' || u.lifecycle_status || ' v' || v.version_seq as line
     from information_unit u join unit_version v on v.id = u.version_anchor_ref
     where u.doc_code = $1 order by u.canonical_address collate "C"`,
    [document],
  )
  return rows.map(({ line }) => line)
}

/** Lists the plan's actions that write. */
const planLines = ({ actions, endings, aliases }: CutPlanJson) => {
  const short = (address: string) => address.replace(/^.*\/ARTICLE-/, '')
  return [
    ...actions
      .filter(({ action }) => action !== 'keep')
      .map((one) =>
        `${one.action} ${short(one.address)}: ${one.change} ${one.from.map(short).join('+')}`.trimEnd(),
      ),
    ...endings.map((one) =>
      `${one.action} ${short(one.address)}: ${one.successors.map(short).join('+')}`.trimEnd(),
    ),
    ...aliases.map((one) => `${one.kind} ${short(one.aliasAddress)} → ${short(one.address)}`),
  ]
}

async function aliasesOf(document: string): Promise<string[]> {
  const { rows } = await superuser.query<{ line: string }>(
    `select a.alias_kind || ' ' || a.alias_address || ' → ' || u.canonical_address as line
     from cutter_governance.canonical_address_alias a join information_unit u on u.id = a.target_unit_id
     where u.doc_code = $1 order by a.alias_id`,
    [document],
  )
  return rows.map(({ line }) => line.replaceAll(`${document}/ARTICLE-`, ''))
}

/** A text leaves numbers out that were never in force. */
const gap = ['--accept', 'NUMBER_GAP']

/** The front matter of the two texts differs. */
const accepted = ['--accept', 'OTHER_TEXT_CHANGED']

const text = (n: number, count = 3) => sentences(n, count)

const documents = join(import.meta.dirname, '../../../shared/documents')
const missing = !existsSync(documents)
if (missing) console.log('skipped "real amendments": ../shared/documents is not there')

describe.skipIf(missing)('a re-cut of the Grundgesetz of 2010 as of 2012', () => {
  const [a, b] = ['de-grundgesetz-a-2010-07.md', 'de-grundgesetz-b-2012-07.md'].map((name) =>
    join(documents, name),
  ) as [string, string]
  let first: RunJson
  let before: { [table: string]: number }

  beforeAll(async () => {
    first = await cut('GG', a)
    before = await rowsIn(superuser)
  })

  test('a dry run of the re-cut leaves the target unchanged', async () => {
    const dry = await rehearsed('GG', b, ...accepted)
    expect(dry.output.plan).toMatchObject({ create: 0, adopt: 0, keep: first.output.units - 1, amend: 1 })
    expect(dry.output.counts.identical).toBe(true)
    expect(await rowsIn(superuser)).toEqual(before)
  })

  test('the re-cut writes one version of Art 93, supersedes the old one, and both texts can be exported', async () => {
    const runId = await started(at, { document: 'GG', source: b, mode: 'live', more: accepted })
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

  test('a second re-cut of the amended text plans and writes nothing', async () => {
    const rows = await rowsIn(superuser)
    const again = await cut('GG', b)
    expect(again.output.plan).toEqual({ create: 0, adopt: 0, keep: first.output.units, governanceRows: 13 })
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 0, versions: 0, log: 0, governance: 14 })
  })
})

describe('a re-cut with shifted numbers', () => {
  const before = articles(['1', text(1)], ['2', text(2)], ['3', text(3)])
  const after = articles(['1', text(1)], ['2', text(9)], ['3', text(2)], ['4', text(3)])

  test('a re-cut gives units with shifted numbers a new version, and aliases lead to the new address of each text', async () => {
    const first = await cut('SHIFTED', at.file('shifted-a.md', before))
    const runId = await started(at, {
      document: 'SHIFTED',
      source: at.file('shifted-b.md', after),
      mode: 'live',
    })
    expect(planLines(await planOf(runId))).toEqual([
      'amend 2: added',
      'amend 3: renumbered 2',
      'create 4: renumbered 3',
      'rename 2 → 3',
      'rename 3 → 4',
    ])
    const rows = await rowsIn(superuser)
    await approve(at, runId, key)
    expect(await aliasesOf('SHIFTED')).toEqual([])
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed.output).toMatchObject({ enacted: 3, superseded: 2, aliases: 2 })
    expect(await unitsOf('SHIFTED')).toEqual([
      'ARTICLE-1 enacted v1',
      'ARTICLE-2 enacted v2',
      'ARTICLE-3 enacted v2',
      'ARTICLE-4 enacted v1',
    ])
    expect(await aliasesOf('SHIFTED')).toEqual(['rename 2 → 3', 'rename 3 → 4'])
    const governance = 13 + 2 * 3 + 1 + 2
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 1, versions: 3, log: 5, governance })
    expect([await rebuilt(first), await rebuilt(closed)]).toEqual([before, after])
  })
})

describe('a re-cut with split, merged, renumbered and removed articles', () => {
  const before = articles(
    ['1', text(1)],
    ['2', text(2)],
    ['3', text(3)],
    ['4', `${text(4)}\n${text(5)}`],
    ['5', text(6)],
    ['6', text(7)],
  )
  const after = articles(
    ['1', text(1)],
    ['4', text(4)],
    ['4a', text(5)],
    ['6', `${text(6)}\n${text(7)}`],
    ['9', text(3)],
  )
  const plan = [
    'amend 4: split 4',
    'create 4A: split 4',
    'amend 6: merged 6+5',
    'create 9: renumbered 3',
    'retire 2:',
    'supersede 3: 9',
    'supersede 5: 6',
    'redirect 4 → 4A',
    'redirect 5 → 6',
    'rename 3 → 9',
  ]
  let first: RunJson

  beforeAll(async () => {
    at.file('many-b.md', after)
    first = await cut('MANY', at.file('many-a.md', before))
  })

  test('a complete dry run of the re-cut leaves the target unchanged', async () => {
    const rows = await rowsIn(superuser)
    const dry = await rehearsed('MANY', 'many-b.md', ...gap)
    expect(dry.output).toMatchObject({ enacted: 4, superseded: 2, ended: 3, aliases: 3 })
    expect(await rowsIn(superuser)).toEqual(rows)
  })

  test('the re-cut brings versions and units into force, and supersedes or retires old ones', async () => {
    const rows = await rowsIn(superuser)
    const runId = await started(at, { document: 'MANY', source: 'many-b.md', mode: 'live', more: gap })
    expect(planLines(await planOf(runId))).toEqual(plan)
    await approve(at, runId, key)
    expect((await unitsOf('MANY')).filter((line) => line.includes('enacted'))).toHaveLength(6)
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed.outcome).toBe('succeeded')
    expect(await unitsOf('MANY')).toEqual([
      'ARTICLE-1 enacted v1',
      'ARTICLE-2 retired v1',
      'ARTICLE-3 superseded v1',
      'ARTICLE-4 enacted v2',
      'ARTICLE-4A enacted v1',
      'ARTICLE-5 superseded v1',
      'ARTICLE-6 enacted v2',
      'ARTICLE-9 enacted v1',
    ])
    expect(await aliasesOf('MANY')).toEqual(['redirect 4 → 4A', 'redirect 5 → 6', 'rename 3 → 9'])
    // Four written units, three endings, a review and three aliases. A replacement makes two moves, as does a retirement.
    const governance = 13 + 2 * 4 + 3 + 1 + 3
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 2, versions: 4, log: 10, governance })
    expect([await rebuilt(first), await rebuilt(closed)]).toEqual([before, after])
  })

  test('a cut of the old text revives the addresses that were out of force, each with a new version', async () => {
    const dry = await rehearsed('MANY', 'many-a.md')
    expect(dry.output).toMatchObject({ revived: 3, counts: { identical: true } })
    const closed = await cut('MANY', 'many-a.md')
    expect(await unitsOf('MANY')).toEqual([
      'ARTICLE-1 enacted v1',
      'ARTICLE-2 enacted v2',
      'ARTICLE-3 enacted v2',
      'ARTICLE-4 enacted v3',
      'ARTICLE-4A superseded v1',
      'ARTICLE-5 enacted v2',
      'ARTICLE-6 enacted v3',
      'ARTICLE-9 superseded v1',
    ])
    expect(await rebuilt(closed)).toBe(before)
    expect((await cut('MANY', 'many-a.md')).output.plan).toMatchObject({ keep: 6, create: 0 })
  })
})

describe('a number that is removed and later given to another text', () => {
  const years = [
    articles(['2', text(2)], ['3', text(3)], ['9', text(9)]),
    articles(['2', text(3)], ['9', text(9)]),
    articles(['2', text(3)], ['3', text(7)], ['9', text(9)]),
  ]
  const source = (year: number) => at.file(`years-${year}.md`, years[year]!)

  test('a reused number stays one unit with a version for each text, and aliases lead old citations to their text', async () => {
    const runs = [await cut('YEARS', source(0), ...gap), await cut('YEARS', source(1))]
    expect(await unitsOf('YEARS')).toEqual([
      'ARTICLE-2 enacted v2',
      'ARTICLE-3 superseded v1',
      'ARTICLE-9 enacted v1',
    ])
    // The new article has room for the numbers behind it, so that their gap needs to be accepted again.
    const runId = await started(at, { document: 'YEARS', source: source(2), mode: 'live', more: gap })
    expect(planLines(await planOf(runId))).toEqual(['revive 3: added'])

    const rows = await rowsIn(superuser)
    await approve(at, runId, key)
    // The cut alone brings nothing into force.
    expect(await unitsOf('YEARS')).toContain('ARTICLE-3 superseded v1')
    const page = await at.cutter(['run', 'plan', runId, '--format', 'markdown'])
    expect(page.stdout).toContain('2, after 1 (superseded)')
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed).toMatchObject({ outcome: 'succeeded', output: { enacted: 1, revived: 1 } })
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 0, versions: 1, log: 1, governance: 16 })
    expect(await unitsOf('YEARS')).toEqual([
      'ARTICLE-2 enacted v2',
      'ARTICLE-3 enacted v2',
      'ARTICLE-9 enacted v1',
    ])
    expect(await aliasesOf('YEARS')).toEqual(['rename 3 → 2'])
    expect([...(await Promise.all(runs.map(rebuilt))), await rebuilt(closed)]).toEqual(years)
  })

  test('a reused number stays a draft when its cut is rejected, and the next run adopts it', async () => {
    await cut('REJECTED', source(0), ...gap)
    await cut('REJECTED', source(1))
    const rejected = await started(at, { document: 'REJECTED', source: source(2), mode: 'live', more: gap })
    await approve(at, rejected, key)
    const { approvalId } = await sign(at, rejected, key, '--decision', 'reject', '--reason', 'too early')
    await resume(at, rejected, approvalId)
    expect(await unitsOf('REJECTED')).toContain('ARTICLE-3 superseded v1')
    const runId = await started(at, { document: 'REJECTED', source: source(2), mode: 'live', more: gap })
    expect(planLines(await planOf(runId))).toEqual(['adopt-version 3: added'])
    await approve(at, runId, key)
    expect(jsonOf<RunJson>(await approve(at, runId, key)).output).toMatchObject({ revived: 1 })
    expect(await unitsOf('REJECTED')).toContain('ARTICLE-3 enacted v2')
  })
})

describe('an article that is repealed in place', () => {
  test('an article that is repealed in place stays the same unit, and can be revived', async () => {
    const before = articles(['1', text(1)], ['2', text(2)])
    const after = articles(['1', text(1)], ['2 (repealed)', ''])
    await cut('REPEALED', at.file('repealed-a.md', before))
    const runId = await started(at, {
      document: 'REPEALED',
      source: at.file('repealed-b.md', after),
      mode: 'live',
    })
    expect(planLines(await planOf(runId))).toEqual(['amend 2: repealed 2'])
    await approve(at, runId, key)
    const repealed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(await unitsOf('REPEALED')).toEqual(['ARTICLE-1 enacted v1', 'ARTICLE-2 enacted v2'])
    expect(await rebuilt(repealed)).toBe(after)
    expect((await cut('REPEALED', 'repealed-b.md')).output.plan).toMatchObject({ keep: 2, create: 0 })
    expect(await rebuilt(await cut('REPEALED', 'repealed-a.md'))).toBe(before)
    expect(await unitsOf('REPEALED')).toEqual(['ARTICLE-1 enacted v1', 'ARTICLE-2 enacted v3'])
  })
})

describe('a re-cut that is rejected at the second gate', () => {
  const before = articles(['1', text(1)], ['2', text(2)])
  const after = articles(['1', text(1)], ['2', text(2, 4)], ['3', text(3)])

  test('a rejected re-cut leaves the text in force unchanged, and another run adopts its drafts', async () => {
    await cut('UNDECIDED', at.file('undecided-a.md', before))
    const source = at.file('undecided-b.md', after)
    const rejected = await started(at, { document: 'UNDECIDED', source, mode: 'live' })
    await approve(at, rejected, key)
    const { approvalId } = await sign(at, rejected, key, '--decision', 'reject', '--reason', 'too early')
    expect(jsonOf(await resume(at, rejected, approvalId))).toMatchObject({ outcome: 'rejected' })
    expect(await unitsOf('UNDECIDED')).toEqual([
      'ARTICLE-1 enacted v1',
      'ARTICLE-2 enacted v1',
      'ARTICLE-3 draft v1',
    ])

    const rows = await rowsIn(superuser)
    const runId = await started(at, { document: 'UNDECIDED', source, mode: 'live' })
    expect(planLines(await planOf(runId))).toEqual(['adopt-version 2: amended 2', 'adopt 3: added'])
    await approve(at, runId, key)
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(growth(rows, await rowsIn(superuser))).toEqual({ units: 0, versions: 0, log: 3, governance: 18 })
    expect(await rebuilt(closed)).toBe(after)
  })
})

describe('drafts of a rejected first cut', () => {
  test('drafts of a rejected cut get a new version when the text has changed, and stay drafts when it is gone', async () => {
    const source = at.file('drafts.md', articles(['1', text(1)], ['2', text(2)], ['3', text(3)]))
    const rejected = await started(at, { document: 'DRAFTS', source, mode: 'live' })
    await approve(at, rejected, key)
    const { approvalId } = await sign(at, rejected, key, '--decision', 'reject', '--reason', 'too early')
    await resume(at, rejected, approvalId)

    const after = articles(['1', text(1)], ['2', text(8)])
    at.file('drafts.md', after)
    const closed = await cut('DRAFTS', source)
    expect(closed.output.plan).toEqual({
      create: 0,
      adopt: 1,
      keep: 0,
      redraft: 1,
      left: 1,
      governanceRows: 17,
    })
    expect(await unitsOf('DRAFTS')).toEqual([
      'ARTICLE-1 enacted v1',
      'ARTICLE-2 enacted v2',
      'ARTICLE-3 draft v1',
    ])
    expect(await rebuilt(closed)).toBe(after)
  })
})

describe('text outside of units that changes', () => {
  const body = articles(['1', text(1)], ['2', text(2)])
  const after = body.replace('# Charter', '# Charter of the gardens')

  test('a re-cut stops until the change is accepted, and its plan and its page show the words', async () => {
    await cut('TITLE', at.file('title-a.md', body))
    const source = at.file('title-b.md', after)
    const stopped = await start(at, { document: 'TITLE', source })
    expect(jsonOf<RunJson>(stopped).stop).toMatchObject({
      code: 'STOP_REFUSED_INPUT',
      message: expect.stringContaining('"# Charter" → "# Charter of the gardens"'),
      next: expect.stringContaining('--accept OTHER_TEXT_CHANGED'),
    })

    const runId = await started(at, { document: 'TITLE', source, mode: 'live', more: accepted })
    expect(await planOf(runId)).toMatchObject({
      otherText: [{ after: null, removed: ['# Charter'], added: ['# Charter of the gardens'] }],
      accepted: [{ code: 'OTHER_TEXT_CHANGED', line: 1 }],
    })
    const page = (await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout
    expect(page).toContain('of the gardens**')
    expect(page).not.toContain('No text that stays in force changes')
    await approve(at, runId, key)
    expect((await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout).toContain(
      'of the gardens**',
    )
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed.output.plan).toMatchObject({ keep: 2, otherText: 1 })
    expect(await rebuilt(closed)).toBe(after)
    expect((await cut('TITLE', source)).output.plan).toEqual({
      create: 0,
      adopt: 0,
      keep: 2,
      governanceRows: 13,
    })
  })

  test('a re-cut lists units that only changed places', async () => {
    await cut('ORDER', at.file('order-a.md', body))
    const [title, one, two] = body.split(/(?=## Article)/)
    const runId = await started(at, {
      document: 'ORDER',
      source: at.file('order-b.md', `${title}${two}\n${one!.trimEnd()}\n`),
      more: ['--accept', 'NUMBER_OUT_OF_ORDER'],
    })
    expect((await planOf(runId)).moved).toEqual(['ORDER/ARTICLE-1'])
  })
})

describe('a document whose amendment has more sections than articles', () => {
  const section = (n: number) => `### Section ${n}\n\n${text(20 + n)}\n`
  const bylaws = (sections: number) =>
    [
      '# Bylaws\n\n## Article I\n',
      ...Array.from({ length: sections }, (_, i) => section(i + 1)),
      `## Article II\n\n${text(31)}\n\n## Article III\n\n${text(32)}\n`,
    ].join('\n')

  test('a re-cut keeps the profile, version and levels of the last cut', async () => {
    await cut('FLIP', at.file('flip-a.md', bylaws(2)))
    const source = at.file('flip-b.md', bylaws(4))
    const runId = await started(at, { document: 'FLIP', source, mode: 'live' })
    const plan = await planOf(runId)
    expect(planLines(plan)).toEqual(['amend 1: amended 1'])
    expect(plan.source.reading).toMatch(/^markdown@\d:article$/)
    expect(plan.reading).toBeUndefined()

    await approve(at, runId, key)
    expect(jsonOf<RunJson>(await approve(at, runId, key)).outcome).toBe('succeeded')
    const named = await started(at, { document: 'FLIP', source, more: ['--profile', 'markdown'] })
    expect(planLines(await planOf(named))).toEqual([])
  })

  test('another reading is named by its plan, and a text that would stand in no unit stops it', async () => {
    const source = at.file('flip-c.md', bylaws(4).replace('## Article III', '## Words at the end'))
    const stopped = await start(at, { document: 'FLIP', source, more: ['--profile', 'markdown@1:section'] })
    expect(jsonOf<RunJson>(stopped).stop).toMatchObject({
      code: 'STOP_REFUSED_INPUT',
      message: expect.stringContaining('stands in the source, but in no unit'),
    })

    const other = await started(at, {
      document: 'FLIP',
      source: 'flip-b.md',
      more: ['--profile', 'markdown-nested@1:article'],
    })
    expect((await planOf(other)).reading).toMatchObject({ now: expect.stringMatching(/^markdown-nested@/) })
    const page = (await at.cutter(['run', 'plan', other, '--format', 'markdown'])).stdout
    expect(page).toContain('This plan reads the document in another way')
  })
})
