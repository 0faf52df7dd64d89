import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UnitHistory } from '../../src/service/documents/history.ts'
import type { ShownDocument } from '../../src/service/documents/show.ts'
import { aknAct, aknArticle } from '../support/akoma-ntoso.ts'
import { sentences } from '../support/articles.ts'
import { type Answer, type ErrorJson, jsonOf } from '../support/cli.ts'
import { cutInForce, started } from '../support/cli-steps.ts'
import { aLiveHome, type LiveHome } from './live-home.ts'

let home: LiveHome

const ACT = aknAct(['1', '2', '3'].map((number) => aknArticle(number, sentences(Number(number))))).replace(
  'wId="art_2"',
  'wId="art_2" GUID="4" id="well"',
)
/** Article 2 was inserted, so that the ids of what follows pass to other articles; the old article 3 has one of its own. */
const LATER = aknAct([
  aknArticle('1', sentences(1)),
  aknArticle('2', sentences(9), 'art_1a'),
  aknArticle('3', sentences(2), 'art_2'),
  aknArticle('4', sentences(3), 'art_3'),
])

const document = (...args: string[]): Promise<Answer> => home.at.cutter(['document', ...args])
const shown = async (...args: string[]) => jsonOf<ShownDocument>(await document('show', ...args, '--json'))
const errorOf = async (...args: string[]) =>
  jsonOf<{ error: ErrorJson }>(await document(...args, '--json')).error

const cut = (name: string, source: string, text: string, more: string[] = []) =>
  cutInForce(home.at, home.key, { document: name, source: home.at.file(source, text), more })

let early: string

beforeAll(async () => {
  home = await aLiveHome()
  await cut('ACT', 'act.xml', ACT)
  await cut('LAW', 'law.xml', inLaw(['1', [1]], ['2', [2]], ['3', [3, 4]]))
  early = (await shown('ACT')).asOf
}, 400_000)
afterAll(() => home.at.remove())

describe('ids of a source in Akoma Ntoso', () => {
  test.each([['ACT#art_2'], ['ACT#chp_1__art_2'], ['well']])('%s leads to its unit', async (id) => {
    const { address, alias, unit } = await shown(id)
    expect([address, alias, unit!.address]).toEqual([
      'ACT/ARTICLE-2',
      id.includes('#') ? id : `ACT#${id}`,
      'ACT/ARTICLE-2',
    ])
    const { stdout } = await document('show', id)
    expect(stdout).toMatch(/^address {2}ACT\/ARTICLE-2\nalias {4}ACT#/)
    const history = jsonOf<UnitHistory>(await document('history', id, '--json'))
    expect(history).toMatchObject({ address: 'ACT/ARTICLE-2', alias, versions: [{ versionSeq: 1 }] })
  })

  test('an id that no unit has is refused, as is an address', async () => {
    for (const id of ['ACT#art_9', 'art_9', 'ACT/ARTICLE-9'])
      expect((await errorOf('show', id)).message).toContain(`nothing was in force at ${id}`)
  })

  test('the export is the source with its ids, and cut again it changes no unit', async () => {
    const { stdout } = await document('export', '--document', 'ACT', '--format', 'akn')
    expect(stdout).toBe(ACT)
    const runId = await started(home.at, { document: 'ACT', source: home.at.file('again.xml', stdout) })
    const plan = JSON.parse((await home.at.cutter(['run', 'plan', runId])).stdout)
    expect(plan.actions.map(({ action }: { action: string }) => action)).toEqual(['keep', 'keep', 'keep'])
    expect(plan.sourceIds).toEqual(
      ['1', '2', '3'].flatMap((number) =>
        [`chp_1__art_${number}`, `art_${number}`, ...(number === '2' ? ['well'] : [])].map((id) => ({
          id,
          address: `ACT/ARTICLE-${number}`,
        })),
      ),
    )
    const page = await home.at.cutter(['run', 'plan', runId, '--format', 'markdown'])
    expect(page.stdout).toContain('| `chp_1__art_3` | `ACT/ARTICLE-3` |')
  })

  test('two documents with one id need their names', async () => {
    const error = await errorOf('show', 'art_2')
    expect(error).toMatchObject({ code: 'INPUT_REFUSED', next: 'name its document: ACT#art_2, LAW#art_2' })
    expect((await shown('LAW#art_2')).address).toBe('LAW/ARTICLE-2')
  })

  test('an id that passes to another unit leads to the unit that has it, at each time', async () => {
    const led = async (...more: string[]) => (await shown('ACT#art_2', ...more)).address
    await cut('ACT', 'later.xml', LATER)
    expect([await led(), await led('--as-of', early)]).toEqual(['ACT/ARTICLE-3', 'ACT/ARTICLE-2'])
    await cut('ACT', 'back.xml', ACT)
    expect(await led()).toBe('ACT/ARTICLE-2')
  }, 300_000)
})

/** Gaps between numbers, and the place of one text, change. */
const GAPS = ['--accept', 'NUMBER_GAP', '--accept', 'OTHER_TEXT_CHANGED']
const inLaw = (...bodies: [string, number[]][]) =>
  aknAct(
    bodies.map(([number, seeds]) => aknArticle(number, seeds.map((seed) => sentences(seed, 3)).join('\n'))),
  )

describe('an address that a text had before', () => {
  beforeAll(async () => {
    // No unit has the numbers 2 and 3 any more, and later what was article 2 moves again.
    await cut('LAW', 'b.xml', inLaw(['1', [1]], ['4', [2]], ['5', [3]], ['6', [4]]), GAPS)
    await cut('LAW', 'c.xml', inLaw(['1', [1]], ['5', [3]], ['6', [4]], ['7', [2]]), GAPS)
  }, 400_000)

  test('leads to the unit that has the text now, also over two amendments', async () => {
    expect(await shown('LAW/ARTICLE-2')).toMatchObject({ address: 'LAW/ARTICLE-7', alias: 'LAW/ARTICLE-2' })
    expect((await shown('LAW/ARTICLE-2/P1')).part).toMatchObject({ address: 'LAW/ARTICLE-7/P1' })
  })

  test('leads to all units among which its text was divided', async () => {
    // As a re-cut writes them for a text that was divided: two rows of one change set.
    const { rowCount } = await home.superuser.query(`
      insert into cutter_governance.canonical_address_alias
        (alias_kind, alias_address, target_unit_id, change_set_id, created_by)
      select a.alias_kind, a.alias_address, u.id, a.change_set_id, a.created_by
      from cutter_governance.canonical_address_alias a, information_unit u
      where a.alias_address = 'LAW/ARTICLE-3' and u.canonical_address = 'LAW/ARTICLE-6'`)
    expect(rowCount).toBe(1)
    const { unit, units } = await shown('LAW/ARTICLE-3')
    expect([unit, units.map(({ address }) => address)]).toEqual([null, ['LAW/ARTICLE-5', 'LAW/ARTICLE-6']])
  })
})
