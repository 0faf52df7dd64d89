// cspell:disable
import { describe, expect, test } from 'vitest'
import { addresses, problemCodes } from '../scan-fixture.ts'

/** Plain lists of rules: which items are units, and the findings. */
const LISTS: [what: string, text: string, items: string, findings: string[]][] = [
  ['with a title on the line before', 'HOUSE RULES\n1. Doors shut.\n2. Keys kept.\n3. End.\n', '1 2 3', []],
  [
    'with a title of two lines',
    'HOUSE RULES\nof the club\n1. Doors shut.\n2. Keys kept.\n3. End.\n',
    '1 2 3',
    [],
  ],
  ['below a Markdown title', '# Regeln\n1) Türen zu\n2) Schlüssel her\n3) Ende\n', '1 2 3', []],
  ['in Russian', 'ПРАВИЛА\n1. Двери закрыты\n2. Ключи у сторожа\n3. Конец\n', '1 2 3', []],
  ['in Chinese', '规则\n1. 门要关\n2. 钥匙\n3. 完\n', '1 2 3', []],
  [
    'whose items hold lists without a sign at their ends',
    'RULES\n\n1. Doors shut.\n2. Keys:\n   a) big\n   b) small\n3. End.\n',
    '1 2 3',
    [],
  ],
  [
    'whose items have further lines without a sign at their ends',
    'RULES\n\n1. Doors stay shut and\n   nobody opens them\n2. Keys are kept\n   by the board\n3. End\n',
    '1 2 3',
    [],
  ],
  [
    'whose last item begins with a small letter behind such a line',
    'RULES\n\n1. Doors stay shut and\nnobody opens them.\n2. Keys are kept\nby the board\n3. end\n',
    '1 2',
    ['HEADING_SUSPECTED?'],
  ],
]

describe('numbers with points', () => {
  test.each([
    ['1.1 Doors\n\nx.\n\n1.2 Keys\n\nx.\n\n1.2A Bells\n\nx.\n\n1.3 Locks\n\nx.\n', '1.1 1.2 1.2A 1.3'],
    [
      '1 Doors\n\nx.\n\n1.1 Keys\n\nx.\n\n1.1a Bells\n\nx.\n\n1.1b Gates\n\nx.\n\n2 Locks\n\nx.\n',
      '1 1.1 1.1A 1.1B 2',
    ],
    ['1 Doors\n\nx.\n\n1.1 Keys\n\nx.\n\n1.2 A door\n\nx.\n\n1.3 Locks\n\nx.\n', '1 1.1 1.2 1.3'],
  ])('are read with the letter behind them: %j', (text, numbers) => {
    expect(addresses(text)).toEqual(numbers.split(' ').map((number) => `DOC/SEC-${number}`))
  })
})

describe('a line break inside of a heading', () => {
  test.each(['Article 1<br>Doors', 'Article<br/>1', 'Article 1<br />', 'Article<br>1<br>Doors'])(
    'of HTML or Markdown ends a word: %s',
    (first) => {
      const heading = (n: number) => first.replace('1', String(n))
      const html = [1, 2, 3].map((n) => `<h2>${heading(n)}</h2><p>Text.</p>`).join('')
      const expected = [1, 2, 3].map((n) => `DOC/ARTICLE-${n}`)
      expect(addresses(`<html><body>${html}</body></html>\n`)).toEqual(expected)
      expect(addresses([1, 2, 3].map((n) => `## ${heading(n)}\n\nText.\n`).join('\n'))).toEqual(expected)
    },
  )
})

describe('a piece of HTML without a document around it', () => {
  const pieces = ['h1', 'h3', 'h6', 'p', 'div', 'li', 'center', 'blockquote'].flatMap((tag) =>
    ['', '\n', '\n\n'].map((between) => [tag, between] as const),
  )
  test.each(pieces)('of %s is read by its elements, with %j between them', (tag, between) => {
    const around = tag === 'li' ? ['<ul>', '</ul>'] : ['', '']
    const parts = [1, 2, 3].map((n) => `<${tag}>Article ${n}</${tag}>${between}<p>All doors.</p>${between}`)
    const text = [around[0], ...parts, around[1]].join('')
    const found = addresses(text)
    const silent = problemCodes(text).every((code) => !/[!?]$/.test(code))
    if (silent) expect(found).toEqual([1, 2, 3].map((n) => `DOC/ARTICLE-${n}`))
    expect(found.filter((address) => !/^DOC\/ARTICLE-[123]$/.test(String(address)))).toEqual([])
  })

  test('at the beginning of a Markdown document leaves its headings to Markdown', () => {
    const text = '<div align="center"><b>Law</b></div>\n\n## Article 1\n\nx.\n\n## Article 2\n\ny.\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
  })

  test.each(['</h3><p>', '<br>', '</p><p>', '</div><div>', '</li><li>'])(
    'inside of Markdown ends a number: %s',
    (tags) => {
      const text = `# Law\n\n${[1, 2, 3].map((n) => `Article ${n}${tags}All doors are shut.\n`).join('\n')}`
      expect(addresses(text).filter((address) => !/^DOC\/ARTICLE-[123]$/.test(String(address)))).toEqual([])
    },
  )
})

describe('a plain list of rules', () => {
  test.each(LISTS)('%s is cut at its items, or a finding names the item', (_, text, items, findings) => {
    expect(addresses(text)).toEqual(items.split(' ').map((number) => `DOC/NO-${number}`))
    expect(problemCodes(text).filter((code) => /[!?]$/.test(code))).toEqual(findings)
  })

  test('is cut at the item itself where a sentence before it mentions the number at the end of a line', () => {
    const text = 'RULES\n\n1. Doors stay shut, see rule\n2. Keys above.\n\n2. Keys are kept.\n\n3. End.\n'
    expect(addresses(text)).toEqual(['DOC/NO-1', 'DOC/NO-2', 'DOC/NO-3'])
  })
})
