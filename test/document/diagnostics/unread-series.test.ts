// cspell:disable
import { describe, expect, test } from 'vitest'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'

/** Lines of findings about headings that were not read; null for a text that is refused with a reason. */
function suspectedLines(text: string, profile?: string): number[] | null {
  try {
    const { problems } = scanDocument(Buffer.from(text), { document: 'DOC', profile })
    return problems.flatMap(({ code, line }) => (code === 'HEADING_SUSPECTED' ? [line] : []))
  } catch (error) {
    if (error instanceof CutterError && /no profile fits|no unit to cut/.test(error.message)) return null
    throw error
  }
}

const BODY = 'It is so and stays so.'

describe('lines that begin with one word and growing numbers', () => {
  test.each([
    ['as items of a Markdown list', (n: number) => `- **Article ${n}** ${BODY}`],
    ['as items of a list with stars', (n: number) => `* § ${n} ${BODY}`],
    ['behind quotation marks', (n: number) => `„Artikel ${n} ${BODY}`],
    ['in words that no profile knows', (n: number) => `Cantone ${n}: ${BODY}`],
    ['in Roman numbers', (n: number) => `Cantone ${['I', 'II', 'III'][n - 1]}: ${BODY}`],
  ])('%s are findings where the text is cut at its title or chapter', (_, write) => {
    for (const title of ['# Act\n', 'Chapter 1\n']) {
      const text = `${title}\n${[1, 2, 3].map(write).join('\n\n')}\n`
      const found = suspectedLines(text, title.startsWith('#') ? 'markdown' : 'plain')
      if (found !== null) expect(found).toEqual(expect.arrayContaining([3, 5, 7]))
    }
  })

  test('in a chapter are no findings where articles are read', () => {
    const article = (n: number) => `## Article ${n}\n\nStep 1 is it.\n\nStep 2 is it.\n\nStep 3 is it.\n`
    expect(suspectedLines(`# Act\n\n${[1, 2, 3].map(article).join('\n')}`)).toEqual([])
  })

  test('are no findings where their numbers do not grow by one from 1', () => {
    const lines = ['Table 7 shows it.', 'Table 3 shows it.', 'Table 9 shows it.']
    expect(suspectedLines(`Chapter 1\n\n${lines.join('\n\n')}\n`, 'plain')).toEqual([])
  })
})
