import { describe, expect, test } from 'vitest'
import { addresses, scanText, shape } from '../scan-fixture.ts'

describe('readPlain', () => {
  test('plain text is cut at numbered headings on lines of their own, with clauses inside', () => {
    const text =
      'THE LAW\n\nCHAPTER I\nGeneral\n\nArticle 1\n1. one\n2. two\n\nARTICLE II\nb\n\nChapter 2.\nArticle 3.\nc\n'
    expect(shape(text)).toEqual([
      'other - -',
      ...[
        'container DOC/CHAPTER-1 CHAPTER I',
        'unit DOC/ARTICLE-1 Article 1',
        'unit DOC/ARTICLE-2 ARTICLE II',
      ],
      ...['container DOC/CHAPTER-2 Chapter 2.', 'unit DOC/ARTICLE-3 Article 3.'],
    ])
  })

  test.each([
    ['Điều 5.', 'DOC/ARTICLE-5'],
    ['第5条', 'DOC/ARTICLE-5'],
    ['第百二十条', 'DOC/ARTICLE-120'],
    ['第五条の二', 'DOC/ARTICLE-5-2'],
    ['제 5 조', 'DOC/ARTICLE-5'],
    ['§ 5', 'DOC/PARA-5'],
    ['5. cikk', 'DOC/ARTICLE-5'],
    ['المادة ٥', 'DOC/ARTICLE-5'],
    ['अनुच्छेद ५.', 'DOC/ARTICLE-5'],
    ['Article premier', 'DOC/ARTICLE-1'],
    ['Article 1er', 'DOC/ARTICLE-1'],
    ['ARTICULO 5º', 'DOC/ARTICLE-5'],
    ['Article L. 111-1', 'DOC/ARTICLE-L111-1'],
    ['Article 11 bis', 'DOC/ARTICLE-11-BIS'],
    ['SECTION XIV.', 'DOC/SECTION-14'],
    ['Rule 5.1', 'DOC/RULE-5.1'],
  ])('%s is a heading with address %s', (heading, address) => {
    expect(addresses(`${heading}\ntext\n`)).toEqual([address])
  })

  test('plain text has a title on the heading line only where a paragraph may begin', () => {
    const text =
      'Điều 1. Phạm vi\n1. Theo quy định tại\nĐiều 2. của Luật này,\nthì áp dụng.\nĐiều 3. Giải thích từ ngữ\nx\n\nĐiều 4 Hiệu lực\n'
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-3', 'DOC/ARTICLE-4'])
  })

  test('plain text has no heading in a quotation, a lower-case line or a long line', () => {
    const long = `Article 9. ${'word '.repeat(60)}`
    expect(addresses(`Article 1\n"Article 7\narticle 8\n${long}\n\nArticle 2\n`)).toEqual([
      'DOC/ARTICLE-1',
      'DOC/ARTICLE-2',
    ])
  })

  test('plain text is cut at run-ins of paragraphs of any length', () => {
    const long = 'everyone may read and write. '.repeat(12)
    const text = `Article 1. Short.\nArticle 2. ${long}\n\nArticle 3.- ${long}\n`
    expect(shape(text)).toEqual([
      ...[
        'unit DOC/ARTICLE-1 Article 1. Short.',
        'unit DOC/ARTICLE-2 Article 2',
        'unit DOC/ARTICLE-3 Article 3',
      ],
    ])
    expect(addresses(`Article 1\n\nArticle 2 of the Act ${long}\n`)).toEqual(['DOC/ARTICLE-1'])
    expect(addresses(`Article 1\nas stated in\nArticle 2. ${long}\n`)).toEqual(['DOC/ARTICLE-1'])
  })

  test.each([
    ['第{n}条　国民は、すべての基本的人権の享有を妨げられない。', ['一', '二', '三'], '第一条'],
    ['第{n}条 有下列情形之一的，', ['一', '二', '三'], '第一条'],
    ['제{n}조(목적) 이 법은 국민의 권리를 보호함을 목적으로 한다.', ['1', '2', '3'], '제1조'],
    ['제{n}조 대한민국은 민주공화국이다.', ['1', '2', '3'], '제1조'],
    ['제{n}조【적용】 이 법은 모든 국민에게 적용한다.', ['1', '2', '3'], '제1조'],
    ['제{n}조 ① 국민은 자유를 가진다.', ['1', '2', '3'], '제1조'],
  ])('plain text is cut at run-ins such as %s, line after line', (form, numbers, heading) => {
    for (const sentence of [form, form.repeat(12)]) {
      const text = numbers.map((number) => `${sentence.replace('{n}', number)}\n`).join('')
      expect(shape(text)).toEqual(
        [1, 2, 3].map((n, i) => `unit DOC/ARTICLE-${n} ${heading.replace(numbers[0]!, numbers[i]!)}`),
      )
    }
  })

  test('plain text has numbers for inserted Korean articles, and no heading at a reference at the start of a line', () => {
    const articles = ['제1조(목적) 정한다.', '제1조의2(정의) ① 정한다.', '제2조 모든 국민은 평등하다.']
    const cut = ['DOC/ARTICLE-1', 'DOC/ARTICLE-1-2', 'DOC/ARTICLE-2']
    expect(addresses(`${articles.join('\n')}\n`)).toEqual(cut)
    for (const reference of [
      '제1항에 따라',
      '및 제6조에 따라',
      '또는 제6조의',
      '각 호의',
      '본문에 따라',
      '단서의',
    ])
      expect(addresses(`${articles.join('\n')}\n제5조 ${reference} 벌한다.\n`)).toEqual(cut)
    expect(addresses(`${articles.join('\n')}\n제5조의 규정에 따른다.\n제5조에 따른다.\n`)).toEqual(cut)
  })

  test('plain text has headings in unknown words if they repeat with growing numbers', () => {
    expect(addresses('Foo\n\nAirteagal 1\na\nAirteagal 2\nb\nAirteagal 3\nc\n')).toEqual([
      ...['DOC/HEADING-1', 'DOC/HEADING-2', 'DOC/HEADING-3'],
    ])
    expect(() => addresses('Airteagal 1\na\nAirteagal 2\nb\n')).toThrow('no unit to cut')
    expect(() => addresses('Page 1\na\nPage 2\nb\nPage 3\nc\n')).toThrow('no unit to cut')
  })

  test('plain text with a few known headings has none in a few more unknown words', () => {
    expect(addresses('Article 1\nStep 1\na\nStep 2\nb\nStep 3\nc\nArticle 2\nd\n')).toEqual([
      ...['DOC/ARTICLE-1', 'DOC/ARTICLE-2'],
    ])
  })

  test('plain text has known kinds above repeated unknown words as containers', () => {
    expect(
      shape('Chapter 1\nQodob 1\na\nQodob 2\nb\nChapter 2\nQodob 3\nc\n').map((line) => line.split(' ')[0]),
    ).toEqual([...['container', 'unit', 'unit', 'container', 'unit']])
  })

  test('plain text has letters or Roman numerals depending on the heading before', () => {
    expect(addresses('Section A\nSection B\nSection C\nSection D\n')).toEqual(
      ['A', 'B', 'C', 'D'].map((x) => `DOC/SECTION-${x}`),
    )
    expect(addresses('Section I\nSection II\nSection III\n')).toEqual(
      ['1', '2', '3'].map((x) => `DOC/SECTION-${x}`),
    )
  })

  test('plain text is cut at chapters if it has nothing narrower', () => {
    expect(addresses('Chapter 1\na\nChapter 2\nb\n')).toEqual(['DOC/CHAPTER-1', 'DOC/CHAPTER-2'])
  })

  test('plain text with articles around sections has the articles in the addresses of sections', () => {
    expect(addresses('ARTICLE I\nSection 1\na\nSection 2\nb\nARTICLE II\nSection 1\nc\n')).toEqual([
      ...['DOC/ARTICLE-1/SECTION-1', 'DOC/ARTICLE-1/SECTION-2', 'DOC/ARTICLE-2/SECTION-1'],
    ])
  })

  test('plain text and Markdown are distinguished by the units that each profile finds', () => {
    expect(scanText('Title\n\nArticle 1\na\nArticle 2\nb\n').profile).toBe('plain')
    expect(scanText('# Title\n\nArticle 1\na\nArticle 2\nb\n').profile).toBe('markdown')
    expect(scanText('# Article 1\na\n# Article 2\nb\n')).toMatchObject({ profile: 'markdown', confidence: 1 })
  })
})
