import { describe, expect, test } from 'vitest'
import { Stop } from '../../../src/domain/errors.ts'
import { articles, sentences } from '../../support/articles.ts'
import { planRecut } from './plan-recut.ts'

const [one, two, three, four, five, six, seven, eight] = Array.from({ length: 8 }, (_, i) => sentences(i + 1))

const recut = (before: string, after: string, accept?: string, wasCut = true) =>
  planRecut(before, after, { accept, wasCut })

/** The messages of the findings at which a re-cut stops. */
function stopsAt(before: string, after: string, wasCut = true): string[] {
  try {
    recut(before, after, undefined, wasCut)
    return []
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const { problems } = error.facts.data as unknown as { problems: { code: string; message: string }[] }
    return problems.map(({ code, message }) => `${code} ${message}`)
  }
}

const LAW: [string, string][] = [
  ['1', one!],
  ['2', two!],
  ['3', three!],
  ['4', four!],
  ['5', five!],
  ['6', six!],
]
const law = articles(...LAW)
const without = (...numbers: string[]) => LAW.filter(([number]) => !numbers.includes(number))
const amended = (changes: { [number: string]: string }, articlesOf = without()) =>
  articles(...articlesOf.map(([number, text]): [string, string] => [number, changes[number] ?? text]))
const inserted = (after: string, number: string, text: string, articlesOf: [string, string][]) =>
  articles(
    ...articlesOf.flatMap((each) => (each[0] === after ? [each, [number, text] as typeof each] : [each])),
  )
const many = Array.from({ length: 30 }, (_, i): [string, string] => [`${i + 1}`, sentences(i + 1)])

describe('a gap of the numbers that a re-cut explains', () => {
  test.for<[string, string, string]>([
    ['an article that is taken out', law, articles(...without('4'))],
    ['the first article', law, articles(...without('1'))],
    ['several articles', law, articles(...without('2', '4', '5'))],
    ['half of all articles', articles(...many), articles(...many.filter((_, i) => i % 2 === 0))],
    [
      'an article before which another one changes in one line',
      law,
      amended({ '3': `${seven}` }, without('4')),
    ],
    [
      'an article before which another one grows in its middle',
      law,
      amended({ '3': `${seven}\n\n${three}` }, without('4')),
    ],
    ['an article whose place a new one takes', law, inserted('3', '3a', seven!, without('4'))],
    [
      'an article whose text is added to the next one',
      law,
      amended({ '5': `${four}\n\n${five}` }, without('4')),
    ],
    ['an article that moves to another number', law, articles(...without('4'), ['7', four!])],
    ['an article that takes the number before it', law, amended({ '3': four! }, without('4'))],
    [
      'an article that takes the number before it, next to numbers that were missing before',
      articles(['2', two!], ['3', three!], ['9', six!]),
      articles(['2', three!], ['9', six!]),
    ],
    ['a number that was missing before', articles(...without('4')), articles(...without('4'))],
    [
      'a number that was missing before, next to one that is taken out',
      articles(...without('4')),
      articles(...without('4', '5')),
    ],
    ['a first number that was missing before', articles(...without('1')), articles(...without('1'))],
  ])('%s needs no acceptance', ([, before, after]) => {
    expect(stopsAt(before, after)).toEqual([])
    expect(recut(before, after)).not.toHaveProperty('accepted')
  })

  test('is listed as before where its code is accepted', () => {
    expect(recut(law, articles(...without('4')), 'NUMBER_GAP').accepted).toMatchObject([
      { code: 'NUMBER_GAP', message: 'number 4 is missing: "Article 5" follows "Article 3"' },
    ])
  })
})

describe('a gap of the numbers that a re-cut does not explain', () => {
  const misread = (text: string) => articles(...LAW).replace('## Article 4\n', `${text}\n`)
  test.for<[string, string, string, RegExp]>([
    ['a number that leaps', law, articles(...LAW, ['9', seven!]), /^NUMBER_GAP numbers 7 to 8/],
    ['an article whose heading was not read', law, misread('Art4'), /^NUMBER_GAP number 4/],
    [
      'an article whose heading was not read and whose text changes',
      law,
      misread('Art4').replace(four!, eight!),
      /^NUMBER_GAP number 4/,
    ],
    [
      'an article whose heading was not read behind a new one',
      law,
      inserted('3', '3a', `${seven}\n\nArt4\n\n${four}`, without('4')),
      /^NUMBER_GAP number 4/,
    ],
    [
      'an article whose heading was not read, behind a new text of the article before it',
      law,
      amended({ '3': `${seven}\n\nArt4\n\n${four}` }, without('4')),
      /^NUMBER_GAP number 4/,
    ],
    [
      'an article that takes the number before it, before one whose heading was not read',
      law,
      amended({ '3': `${four}\n\nArt5\n\n${five}` }, without('4', '5')),
      /^NUMBER_GAP numbers 4 to 5/,
    ],
    [
      'a number that was missing before, where a new article has room for it',
      articles(...without('4')),
      inserted('3', '3a', `${seven}\n\nArt4\n\n${eight}`, without('4')),
      /^NUMBER_GAP number 4/,
    ],
  ])('%s needs acceptance', ([, before, after, finding]) => {
    const found = stopsAt(before, after)
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
  })

  test('a number that was missing before needs acceptance where no cut brought the units into force', () => {
    const text = articles(...without('4'))
    expect(stopsAt(text, text, false)).toEqual([expect.stringMatching(/^NUMBER_GAP number 4/)])
  })
})
