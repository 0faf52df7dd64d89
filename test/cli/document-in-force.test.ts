import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FoundUnits } from '../../src/service/documents/search.ts'
import type { ShownDocument } from '../../src/service/documents/show.ts'
import { articles, sentences } from '../support/articles.ts'
import { type Answer, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { approve, start, started } from '../support/cli-steps.ts'
import { aLiveHome } from './live-home.ts'

let at: CutterHome
let key: string
let superuser: pg.Client
/**
 * The run of each text: article 2 is amended by the second, article 3 goes with the third and comes again with the fourth. The fifth amends
 * article 1, and commences later than it is approved.
 */
const runs: string[] = []
const times: string[] = []
/** The plans of the fifth run, at SG1 and at SG2. */
const plans: string[] = []

const OLD = `${sentences(2)} The quick levy stays.`
const NEW = `${sentences(2)} The 100% levy stays.`
const LAST: [string, string] = ['4', sentences(4)]
const TEXTS = [
  articles(['1', sentences(1)], ['2', OLD], ['3', sentences(3)], LAST),
  articles(['1', sentences(1)], ['2', NEW], ['3', sentences(3)], LAST),
  articles(['1', sentences(1)], ['2', NEW], LAST),
  articles(['1', sentences(1)], ['2', NEW], ['3', sentences(3)], LAST),
  articles(['1', `${sentences(1)} It is so from that day.`], ['2', NEW], ['3', sentences(3)], LAST),
]
const dayFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const COMMENCES = dayFromNow(3)

const errorOf = (answer: Answer) =>
  jsonOf<{ error: { code: string; message: string; next: string } }>(answer).error

const read = async <T>(...args: string[]): Promise<T> =>
  jsonOf<T>(await at.cutter(['document', ...args, '--json']))
const addressesAt = async (time: string) =>
  (await read<ShownDocument>('show', 'LAW', '--as-of', time)).units.map(
    ({ address, versionSeq }) => `${address.replace('LAW/ARTICLE-', '')} v${versionSeq}`,
  )

beforeAll(async () => {
  ;({ at, key, superuser } = await aLiveHome())
  for (const [index, text] of TEXTS.entries()) {
    const source = at.file(`law-${index + 1}.md`, text)
    const more = index === 4 ? ['--commences', COMMENCES] : []
    const runId = await started(at, { document: 'LAW', source, mode: 'live', more })
    const keepPlan = async () => {
      if (index === 4) plans.push((await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout)
    }
    await keepPlan()
    await approve(at, runId, key)
    await keepPlan()
    const closed = jsonOf<RunJson>(await approve(at, runId, key))
    expect(closed, JSON.stringify(closed.stop)).toMatchObject({ outcome: 'succeeded' })
    runs.push(runId)
    const { rows } = await superuser.query<{ now: string }>('select clock_timestamp() as now')
    times.push(new Date(rows[0]!.now).toISOString())
  }
}, 400_000)
afterAll(() => at.remove())

describe('what is in force', () => {
  test('is known for each time, also for a unit that went and came again', async () => {
    expect(await Promise.all(times.map(addressesAt))).toEqual([
      ['1 v1', '2 v1', '3 v1', '4 v1'],
      ['1 v1', '2 v2', '3 v1', '4 v1'],
      ['1 v1', '2 v2', '4 v1'],
      ['1 v1', '2 v2', '3 v2', '4 v1'],
      ['1 v1', '2 v2', '3 v2', '4 v1'],
    ])
  })

  test('a unit has the text of that time, since when and by which run', async () => {
    const first = await read<ShownDocument>('show', 'LAW/ARTICLE-2', '--as-of', times[0]!)
    const now = await read<ShownDocument>('show', 'LAW/ARTICLE-2')
    expect([first.unit!.runId, now.unit!.runId]).toEqual([runs[0], runs[1]])
    expect(first.unit!.text).toContain('The quick levy stays.')
    expect(now.unit!.text).toContain('The 100% levy stays.')
    // A version is in force at the very moment at which it came into force, to the microsecond.
    const atOnce = await read<ShownDocument>('show', 'LAW/ARTICLE-2', '--as-of', now.unit!.since)
    expect(atOnce.unit).toEqual(now.unit)
  })

  test('an amendment that was approved is in force from its commencement, and the old text until then', async () => {
    const now = await read<ShownDocument>('show', 'LAW/ARTICLE-1')
    const eve = await read<ShownDocument>('show', 'LAW/ARTICLE-1', '--as-of', dayFromNow(2))
    const then = await read<ShownDocument>('show', 'LAW/ARTICLE-1', '--as-of', COMMENCES)
    expect([now, eve, then].map(({ unit }) => unit!.versionSeq)).toEqual([1, 1, 2])
    const since = `${COMMENCES}T00:00:00.000000Z`
    expect(then.unit).toMatchObject({ commencesOn: COMMENCES, since, runId: runs[4] })
    expect(then.unit!.enactedAt < times[4]! && then.unit!.enactedAt > times[3]!).toBe(true)
    const shown = await at.cutter(['document', 'show', 'LAW/ARTICLE-1', '--as-of', COMMENCES])
    expect(shown.stdout).toMatch(
      new RegExp(`in force since ${COMMENCES}T00:00:00Z, approved \\d{4}-\\d\\d-\\d\\dT`),
    )
    const history = await at.cutter(['document', 'history', 'LAW/ARTICLE-1'])
    expect(history.stdout).toMatch(new RegExp(`superseded, in force since .* until ${COMMENCES}T00:00:00Z`))
    // Both gates decide about that day, so both plans show it.
    expect(plans).toHaveLength(2)
    for (const plan of plans) expect(plan).toMatch(new RegExp(`commences .*${COMMENCES}`))
  })

  test('an address below a unit cites a paragraph of it, and is no unit', async () => {
    const cited = await read<ShownDocument>('show', 'LAW/ARTICLE-2/P1', '--as-of', times[0]!)
    expect(cited.unit!.address).toBe('LAW/ARTICLE-2')
    // Each line of that article is a sentence, and so a paragraph.
    const lines = OLD.split('\n')
    expect(cited.parts.map(({ text }) => text)).toEqual(lines)
    expect(cited.part).toEqual({ address: 'LAW/ARTICLE-2/P1', text: lines[0] })
    const { stdout } = await at.cutter(['document', 'show', 'LAW/ARTICLE-2/P1'])
    expect(stdout).toMatch(/\npart {5}LAW\/ARTICLE-2\/P1\n\n/)
    const absent = await at.cutter(['document', 'show', 'LAW/ARTICLE-2/P9', '--json'])
    expect(errorOf(absent).message).toContain('nothing was in force at LAW/ARTICLE-2/P9')
    expect((await read<ShownDocument>('show', 'LAW')).units.map(({ address }) => address)).not.toContain(
      'LAW/ARTICLE-2/P1',
    )
  })

  test('a day means its end in UTC', async () => {
    const today = new Date().toISOString().slice(0, 10)
    expect(await addressesAt(today)).toHaveLength(4)
    const before = await at.cutter(['document', 'show', 'LAW', '--as-of', '2001-01-01', '--json'])
    expect(before.code).toBe(2)
    expect(errorOf(before)).toMatchObject({ code: 'INPUT_REFUSED' })
    expect(errorOf(before).message).toContain(
      'nothing was in force at LAW in target embedded as of 2001-01-01',
    )
  })

  test('the list has each document with the time of its last change', async () => {
    const now = await read<{ documents: { document: string; units: number; changedAt: string }[] }>('list')
    expect(now.documents).toMatchObject([{ document: 'LAW', units: 4 }])
    const third = await read<typeof now>('list', '--as-of', times[2]!)
    expect(third.documents[0]!.changedAt < times[2]!).toBe(true)
    expect(third.documents[0]!.changedAt > times[1]!).toBe(true)
    expect((await read<typeof now>('list', '--as-of', '2001-01-01')).documents).toEqual([])
  })

  test('the history of a unit has its versions, newest first, with what changed and who did it', async () => {
    const { versions } = await read<{ versions: { [field: string]: unknown }[] }>('history', 'LAW/ARTICLE-2')
    expect(versions).toMatchObject([
      { versionSeq: 2, status: 'enacted', until: null, runId: runs[1] },
      { versionSeq: 1, status: 'superseded', until: versions[0]!.since, runId: runs[0], changes: null },
    ])
    expect(versions[0]!.actor).toBe(`cutter/${runs[1]}`)
    const changed = versions[0]!.changes as { kind: string; text: string }[]
    const words = (kind: string) =>
      changed
        .filter((one) => one.kind === kind)
        .map(({ text }) => text)
        .join('')
    expect([words('removed').trim(), words('added').trim()]).toEqual(['quick', '100%'])
    const { stdout } = await at.cutter(['document', 'history', 'LAW/ARTICLE-2'])
    expect(stdout).toContain('[-quick-]{+100%+}')
    const gone = await read<typeof versions & { versions: { until: string | null }[] }>(
      'history',
      'LAW/ARTICLE-3',
    )
    expect(gone.versions.map(({ until }) => until === null)).toEqual([true, false])
  })

  test('words are found in texts in force, as they are written, in any case', async () => {
    const found = async (words: string, ...more: string[]) =>
      (await read<FoundUnits>('search', words, ...more)).units.map(({ address }) => address)
    expect(await found('quick LEVY')).toEqual([])
    expect(await found('quick LEVY', '--as-of', times[0]!)).toEqual(['LAW/ARTICLE-2'])
    // No sign of a pattern means more than itself.
    expect(await found('100% levy')).toEqual(['LAW/ARTICLE-2'])
    expect(await found('1%0')).toEqual([])
    expect(await found('100_')).toEqual([])
    expect(await found('levy stays', '--document', 'OTHER')).toEqual([])
    const { units } = await read<FoundUnits>('search', '100% levy')
    expect(units[0]!.excerpt).toMatch(/^… .*The 100% levy stays\.$/)
  })
})

describe('what can’t be read', () => {
  test.each([
    ['a text that names no time', ['show', 'LAW', '--as-of', 'yesterday'], 'USAGE'],
    ['a day that does not exist', ['show', 'LAW', '--as-of', '2026-02-30'], 'USAGE'],
    ['a time without its zone', ['list', '--as-of', '2026-02-03T10:00:00'], 'USAGE'],
    ['one letter', ['search', ' x '], 'USAGE'],
    ['a unit that never was', ['history', 'LAW/ARTICLE-99'], 'INPUT_REFUSED'],
    ['a target that is not configured', ['list', '--target', 'nowhere'], 'TARGET_NOT_FOUND'],
  ])('%s is refused and says what to do', async (_, args, code) => {
    const answer = await at.cutter(['document', ...args, '--json'])
    expect(answer.code).not.toBe(0)
    expect(errorOf(answer).code).toBe(code)
    expect(errorOf(answer).next).toBeTruthy()
  })

  test('a cut with a day of commencement that does not exist never becomes a run', async () => {
    const more = ['--commences', '2026-02-30']
    const answer = await start(at, { document: 'LAW', source: at.path('law-1.md'), more })
    expect(answer.code).toBe(2)
    expect(errorOf(answer).message).toContain('commences')
  })

  test('reading leaves no row', async () => {
    const count = async () =>
      (await superuser.query<{ n: number }>('select count(*)::int as n from iu_lifecycle_log')).rows[0]!.n
    const before = await count()
    await read('show', 'LAW')
    expect(await count()).toBe(before)
  })
})
