// cspell:disable
import { describe, expect, test } from 'vitest'
import { scanText } from '../scan-fixture.ts'

const suspected = (text: string) =>
  scanText(text)
    .problems.filter(
      ({ code, message }) => code === 'HEADING_SUSPECTED' && message.includes('stands inside of'),
    )
    .map(({ message }) => /of (DOC\/[A-Z0-9-]+), and/.exec(message)?.[1])

/** An act of two articles, whose second one quotes articles with the next numbers. */
const quoting = (word: string, text: string, opening: string, closing: string) =>
  `${word} 1\n\n${text}\n\n${word} 2\n\n${text}\n\n${opening}${word} 2a\n\n${text}\n\n${word} 3\n\n${text}${closing}\n`

describe('a heading inside of a quotation that continues the numbers', () => {
  test.each([
    ['straight marks', quoting('Article', 'Doors are shut.', '"', '"'), 'DOC/ARTICLE-3'],
    ['straight marks in Markdown', quoting('## Article', 'Doors are shut.', '"', '"'), 'DOC/ARTICLE-3'],
    ['curly marks', quoting('Article', 'Doors are shut.', '“', '”;'), 'DOC/ARTICLE-3'],
    ['German marks', quoting('§', 'Die Türen sind zu.', '„', '“.'), 'DOC/PARA-3'],
    ['French marks', quoting('Article', 'Les portes sont fermées.', '« ', ' »'), 'DOC/ARTICLE-3'],
    ['Danish marks', quoting('§', 'Dørene er lukket.', '»', '«'), 'DOC/PARA-3'],
    ['Russian marks', quoting('Статья', 'Двери закрыты.', '«', '».'), 'DOC/ARTICLE-3'],
    ['Polish marks', quoting('Art.', 'Drzwi są zamknięte.', '„', '”.'), 'DOC/ARTICLE-3'],
    ['Swedish marks', quoting('Artikel', 'Dörrarna är stängda.', '”', '”'), 'DOC/ARTICLE-3'],
    [
      'Chinese marks',
      '第一条\n\n门要关。\n\n第二条\n\n「第二条之一\n\n门要关。\n\n第三条\n\n门要关。」\n',
      'DOC/ARTICLE-3',
    ],
    [
      'a straight mark on a line of its own',
      'Article 1\n\nInserted:\n\n"\nArticle 2\n\nDoors.\n"\n\nArticle 3\n\nEnd.\n',
      'DOC/ARTICLE-2',
    ],
    [
      'marks at each paragraph',
      '§ 1\n\nDoors.\n\n§ 2\n\n"A text is inserted:\n\n§ 3\n\n"Doors."\n',
      'DOC/PARA-3',
    ],
  ])('in %s is reported', (_, text, address) => {
    expect(suspected(text)).toEqual([address])
  })

  const html = (quoted: string) =>
    `<html><body><h2>Article 1</h2><p>Doors.</p><h2>Article 2</h2><p>Inserted:</p>${quoted}</body></html>\n`
  test.each([
    ['blockquote', html('<blockquote><h2>Article 3</h2><p>Doors.</p></blockquote>')],
    [
      'a nested blockquote',
      html('<blockquote><blockquote>x</blockquote><h2>Article 3</h2><p>Doors.</p></blockquote>'),
    ],
    ['q', html('<q><h2>Article 3</h2><p>Doors.</p></q>')],
    ['paragraphs with marks', html('<p>“Article 2a</p><p>Keys.</p><h2>Article 3</h2><p>Doors.”</p>')],
    [
      'paragraphs with entities',
      html('<p>&ldquo;Article 2a</p><p>Keys.</p><h2>Article 3</h2><p>Doors.&rdquo;</p>'),
    ],
    [
      'paragraphs with the entity of the straight mark',
      html('<p>&quot;Article 2a</p><p>Keys.</p><h2>Article 3</h2><p>Doors.&quot;</p>'),
    ],
  ])('in %s of HTML is reported', (_, text) => {
    expect(suspected(text)).toEqual(['DOC/ARTICLE-3'])
  })

  test.each([
    [
      'are closed in their line',
      '§ 1\n\n"Door" means a gate.\n\n§ 2\n\n"Key" means a tool.\n\n§ 3\n\nEnd.\n',
    ],
    ['are closed inside of an article', '§ 1\n\n"The doors\nare shut"\n\n§ 2\n\nKeys.\n\n§ 3\n\nEnd.\n'],
    ['are those of a length', '§ 1\n\n12" of a door.\n\n§ 2\n\nA key of 3"\n\n§ 3\n\nEnd.\n'],
    ['are around all articles', '"§ 1\n\nDoors.\n\n§ 2\n\nKeys."\n'],
    ['hold a heading that was not read', '§ 1\n\nInserted:\n\n"§ 2\n\nDoors."\n\n§ 2\n\nKeys.\n'],
    [
      'are elements around all articles',
      '<html><body><blockquote><h2>§ 1</h2><p>Doors.</p><h2>§ 2</h2><p>Keys.</p></blockquote></body></html>\n',
    ],
  ])('is not reported where the marks %s', (_, text) => {
    expect(suspected(text)).toEqual([])
  })
})
