// cspell:disable
import { describe, expect, test } from 'vitest'
import { scanText } from '../scan-fixture.ts'

/** Language, the heading of an article with its number left open, and words of a status. */
const STATUSES: [language: string, form: string, words: string[]][] = [
  ['Lithuanian', '{n} straipsnis.', ['Neteko galios', 'Neteko galios nuo 2020-01-01']],
  ['Latvian', '{n}. pants.', ['Zaudējis spēku', 'Izslēgts']],
  ['Estonian', '§ {n}.', ['Kehtetu', 'Kehtetuks tunnistatud']],
  ['Slovene', '{n}. člen', ['črtan', 'razveljavljen']],
  ['Croatian', 'Članak {n}.', ['brisan', 'Briše se']],
  ['Serbian', 'Члан {n}.', ['Брисан', 'Престао да важи']],
  ['Albanian', 'Neni {n}', ['Shfuqizuar', 'i shfuqizuar']],
  ['Armenian', 'Հոդված {n}.', ['Ուժը կորցրել է']],
  ['Azerbaijani', 'Maddə {n}.', ['Ləğv edilmişdir']],
  ['Georgian', 'მუხლი {n}.', ['ამოღებულია', 'ძალადაკარგულია']],
  ['Catalan', 'Article {n}.', ['Derogat']],
  ['Basque', '{n}. artikulua', ['Indargabetua']],
  ['Bengali', 'ধারা {n}।', ['বিলুপ্ত']],
  ['Persian', 'ماده {n}', ['نسخ شد', 'حذف شد']],
  ['Malay', 'Perkara {n}.', ['Dimansuhkan']],
  ['Maltese', 'Artikolu {n}.', ['Imħassar']],
  ['Ukrainian', 'Стаття {n}.', ['Втратила чинність', 'Виключена']],
  ['Bulgarian', 'Чл. {n}.', ['Отм.']],
  ['Hungarian', '{n}. cikk', ['hatályon kívül helyezve']],
  ['Romanian', 'Articolul {n}', ['Abrogat']],
  ['Finnish', '{n} §', ['kumottu']],
  ['Turkish', 'MADDE {n}-', ['Mülga']],
]

/** Places of the words: the heading, brackets in the heading, the text below it. */
const PLACES: [where: string, write: (heading: string, words: string) => string][] = [
  ['in brackets of its heading', (heading, words) => `${heading} (${words})`],
  ['as all of its text, in brackets', (heading, words) => `${heading}\n\n(${words})`],
  ['as all of its text', (heading, words) => `${heading}\n\n${words}.`],
]

const rows = STATUSES.flatMap(([language, form, words]) =>
  words.flatMap((each) => PLACES.map(([where, write]) => ({ language, form, words: each, where, write }))),
)

describe('the status of an article', () => {
  test.each(rows)('in $language is "$words" $where, with the words as reason', ({ form, words, write }) => {
    const heading = (n: number) => form.replace('{n}', String(n))
    const text = [1, 2, 3, 4].map((n) =>
      n === 3 ? write(heading(n), words) : `${heading(n)}\n\nAaa bbb ccc.`,
    )
    const found = scanText(`${text.join('\n\n')}\n`)
    expect(found.records.map(({ kind, number }) => [kind, number])).toEqual([
      ['unit', '1'],
      ['unit', '2'],
      ['excluded', '3'],
      ['unit', '4'],
    ])
    const { status, reason } = found.records[2]!
    expect(['repealed', 'omitted']).toContain(status)
    expect(reason?.toLowerCase()).toContain(words.toLowerCase().replace(/\.$/, ''))
  })

  test.each([
    ['§ 3. Kehtetu tehing', 'Estonian'],
    ['Članak 3. Brisanje podataka', 'Croatian'],
    ['Статья 3. Исключения', 'Russian'],
    ['Artikolu 3. Imħassar qabel iż-żmien', 'Maltese'],
  ])('is none where a title begins with such words: %s', (heading) => {
    const form = heading.replace('3', '{n}').replace(/\{n\}\.? .*/u, '{n}.')
    const at = (n: number) => (n === 3 ? heading : form.replace('{n}', String(n)))
    const found = scanText(`${[1, 2, 3, 4].map((n) => `${at(n)}\n\nAaa bbb ccc.`).join('\n\n')}\n`)
    expect(found.records.map(({ kind, status }) => [kind, status])).toEqual(
      [1, 2, 3, 4].map(() => ['unit', null]),
    )
  })
})
