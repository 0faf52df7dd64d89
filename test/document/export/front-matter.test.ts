import { describe, expect, test } from 'vitest'
import { readFrontMatter } from '../../../src/document/export/front-matter.ts'

const NONE = {
  country: null,
  language: null,
  date: null,
  published: null,
  commences: null,
  eli: null,
  ecli: null,
}
const read = (inner: string) => readFrontMatter(`---\n${inner}\n---\n\n## Article 1\n`)

describe('readFrontMatter', () => {
  test('reads country, language, dates, ELI and ECLI', () => {
    const inner = `title: Water Act
Country: VN
lang: vi-VN
date: 2013-11-28
date_published: 2013-12-01T00:00:00Z
in-force: 2014-01-01
ELI: http://data.europa.eu/eli/reg/2016/679/oj
ecli: ecli:eu:c:2014:317`
    expect(read(inner)).toEqual({
      facts: {
        country: 'vn',
        language: 'vie',
        date: '2013-11-28',
        published: '2013-12-01',
        commences: '2014-01-01',
        eli: 'http://data.europa.eu/eli/reg/2016/679/oj',
        ecli: 'ECLI:EU:C:2014:317',
      },
      faults: [],
    })
  })

  test.each([
    ['a country in words', 'country: Viet Nam', 'country'],
    ['a day that does not exist', 'date: 2013-02-30', 'date'],
    ['a year alone', 'date: 2013', 'date'],
    ['a language in words', 'language: Vietnamese', 'language'],
    ['another address', 'eli: https://example.org/law/1', 'eli'],
    ['an ELI with white space', 'eli: "eli/reg/2016 679"', 'eli'],
    ['half an ECLI', 'ecli: ECLI:EU:C', 'ecli'],
    ['a list', 'country: [vn, fr]', 'country'],
  ])('does not use %s, and says so', (_, inner, key) => {
    const { facts, faults } = read(inner)
    expect(facts).toEqual(NONE)
    expect(faults).toEqual([
      expect.stringMatching(new RegExp(`^${key} of the front matter is not used, because`)),
    ])
  })

  test.each([
    ['a text without front matter', '## Article 1\n\ncountry: vn\n'],
    ['a rule on the first line that nothing closes', '---\ncountry: vn\n\n## Article 1\n'],
    ['front matter behind text', 'Words.\n\n---\ncountry: vn\n---\n'],
    ['front matter that is a list', '---\n- country\n---\n'],
    ['empty front matter', '---\n\n---\n'],
  ])('finds nothing in %s', (_, text) => expect(readFrontMatter(text)).toEqual({ facts: NONE, faults: [] }))

  test('names what is wrong with front matter that is no YAML, or a bomb of aliases', () => {
    const bomb = `a: &a [${'x,'.repeat(50)}]\n${'bcdefgh'
      .split('')
      .map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(50)}]`)
      .join('\n')}`
    for (const inner of ['country: [vn', 'country: vn\ncountry: fr', bomb])
      expect(read(inner)).toEqual({
        facts: NONE,
        faults: [expect.stringMatching(/^the front matter is not used: /)],
      })
  })
})
