// cspell:disable
import { describe, expect, test } from 'vitest'
import { problemCodes, scanText } from '../scan-fixture.ts'

function refusalOf(text: string): { message: string; next?: string } {
  try {
    scanText(text)
  } catch (error) {
    return error as Error & { next: string }
  }
  return { message: '' }
}

const each = (heading: (n: number) => string) =>
  [1, 2, 3].map((n) => `${heading(n)}\n\nAll doors are shut.\n`).join('\n')

describe('a text whose headings no profile reads', () => {
  const spaced = 'spaces stand between its letters'
  const small = 'it begins with a small letter'
  const subsection = 'a paragraph’s number in brackets'
  test.each([
    ['letters with spaces', each((n) => `A R T I C L E ${n}`), spaced],
    ['letters with spaces before a wide space', each((n) => `A R T I C L E   ${n}`), spaced],
    ['letters and digits with spaces', each((n) => `A R T I C L E 1 ${n}`), spaced],
    ['letters with spaces and a title', each((n) => `A R T Í C U L O ${n}. Puertas`), spaced],
    ['German letters with spaces', each((n) => `P a r a g r a p h ${n}`), spaced],
    ['Russian letters with spaces', each((n) => `С т а т ь я ${n}`), spaced],
    ['Greek letters with spaces', each((n) => `Ά ρ θ ρ ο ${n}`), spaced],
    [
      'letters with spaces in HTML',
      `<html><body>${each((n) => `<p>A R T I C L E ${n}</p>`)}</body></html>`,
      spaced,
    ],
    ['letters with spaces in Markdown', `# Law\n\n${each((n) => `## A R T I C L E ${n}`)}`, spaced],
    ['small letters', each((n) => `article ${n}`), small],
    ['small letters and a title', each((n) => `article ${n}. doors`), small],
    ['small Spanish letters and a title', each((n) => `artículo ${n}.- puertas`), small],
    ['small Russian letters and a title', each((n) => `статья ${n}. двери`), small],
    [
      'subsections of Canadian acts',
      '1(1) All doors are shut.\n\n(2) Keys.\n\n2(1) Keys are kept.\n\n(2) Not lent.\n',
      subsection,
    ],
    [
      'subsections below their titles',
      'Act\n\nTitle\n1 This Act is the Doors Act.\n\nDoors\n2 (1) All doors are shut.\n\n(2) Keys are kept.\n',
      subsection,
    ],
  ])('is refused with these lines and what to do: %s', (_, text, why) => {
    const { message, next } = refusalOf(text)
    expect(message).toMatch(/; line \d+ ".*not read: /)
    expect(message).toContain(why)
    expect(next).toMatch(/^(?:join|begin|give) /)
  })

  test('is refused as before without such lines', () => {
    expect(refusalOf('Just some prose.\n').message).toBe('no unit to cut is found in DOC by any profile')
  })
})

describe('a line that nobody reads as a heading among others that are read', () => {
  test.each([
    [
      'letters with spaces at the end',
      'Article 1\n\nDoors.\n\nArticle 2\n\nKeys.\n\nA R T I C L E 3\n\nEnd.\n',
    ],
    [
      'letters with spaces in a heading of Markdown',
      '## Article 1\n\nDoors.\n\n## Article 2\n\nKeys.\n\n### A R T I C L E 3\n\nEnd.\n',
    ],
    [
      'a chapter with spaces and a Roman number',
      'Article 1\n\nDoors.\n\nC H A P T E R  I I\n\nArticle 2\n\nKeys.\n',
    ],
    ['a French title with spaces', 'Article 1\n\nPortes.\n\nT I T R E  I I\n\nArticle 2\n\nClefs.\n'],
    [
      'Ukrainian letters with spaces',
      'Стаття 1\n\nДвері.\n\nСтаття 2\n\nКлючі.\n\nС т а т т я 3\n\nКінець.\n',
    ],
    [
      'a subsection at the end',
      '1 Doors are shut.\n\n2 Keys are kept.\n\n3 Bells ring.\n\n4 (1) All is well.\n\n(2) And so on.\n',
    ],
    [
      'a subsection without a space at the end',
      '1 Doors are shut.\n\n2 Keys are kept.\n\n3 Bells ring.\n\n4(1) All is well.\n\n(2) And so on.\n',
    ],
    [
      'a subsection with a letter at the end',
      '1. Doors are shut.\n\n2. Keys are kept.\n\n3. Bells ring.\n\n4 — (a) All is well.\n\n(b) And so on.\n',
    ],
  ])('is suspected: %s', (_, text) => {
    expect(problemCodes(text)).toContain('HEADING_SUSPECTED?')
  })

  test.each([
    ['Chinese headings with spaces', '第 一 条 门要关。\n\n第 二 条 钥匙由守卫保管。\n'],
    ['an emphasised word', '§ 1\n\nD o o r s 2\n\n§ 2\n\nKeys.\n'],
    ['a list in the last section', '1 Doors are shut.\n\n2 Keys are kept.\n\n7 (1) is another number.\n'],
  ])('is not suspected: %s', (_, text) => {
    expect(problemCodes(text)).not.toContain('HEADING_SUSPECTED?')
  })
})
