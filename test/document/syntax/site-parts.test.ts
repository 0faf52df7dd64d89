// cspell:disable
import { describe, expect, test } from 'vitest'
import { getProfile } from '../../../src/document/profiles/get-profile.ts'
import { addresses, problemCodes, scanText } from '../scan-fixture.ts'

const LAW =
  '<h1>Doors Act</h1>\n<h2>Article 1</h2><p>Doors are shut.</p>\n<h2>Article 2</h2><p>Keys are kept.</p>\n'
const page = (before: string, text: string, behind: string) =>
  `<!DOCTYPE html>\n<html><head><title>x</title></head><body>\n${before}${text}${behind}</body></html>\n`

const textOf = (text: string, address: string, profile?: string) => {
  const { records } = scanText(text, profile)
  const { start, end } = records.find((record) => record.address === address)!
  return Buffer.from(text).subarray(start, end).toString()
}

const last = '<h2>Article 2</h2><p>Keys are kept.</p>\n'

describe('the parts of a page that belong to its site', () => {
  test.each([
    [
      'a navigation before the text',
      page('<nav><h2>Menu</h2><ul><li>All the laws of the land.</li></ul></nav>\n', LAW, ''),
    ],
    [
      'an aside behind the text',
      page('', LAW, '<aside><h2>Related</h2><p>The Keys Act is a law of this land.</p></aside>'),
    ],
    [
      'a footer behind the text',
      page('', LAW, '<footer><h2>Kontakt</h2><p>Schreiben Sie uns zu jeder Zeit.</p></footer>'),
    ],
    [
      'several parts behind the text',
      page(
        '',
        LAW,
        '<aside><h3>Liens</h3></aside>\n<nav><h3>Pages</h3></nav><footer>Fin de la page.</footer>',
      ),
    ],
    [
      'what stands outside of main',
      page(
        '<h1>Ministry</h1><p>The ministry is open all the day.</p>',
        `<main>${LAW}</main>`,
        '<div><h3>Share this page</h3><p>Share it with all of your friends.</p></div>',
      ),
    ],
    [
      'a role',
      page(
        '<div role="navigation"><h2>Menú</h2></div>',
        LAW,
        '<div role="contentinfo"><h2>Contacto</h2></div>',
      ),
    ],
    [
      'a class of a blog',
      page(
        '<div class="breadcrumbs">Home &gt; Laws</div>',
        `<div class="entry-content">${LAW}</div>`,
        '<div id="comments" class="comments-area"><h2>2 thoughts</h2><p>Nice law, thank you very much.</p></div>',
      ),
    ],
    [
      'links to share a page',
      page(
        '',
        LAW,
        '<div class="sharedaddy"><h3>Partager</h3><p>Partagez cette page avec vos amis.</p></div>',
      ),
    ],
  ])('are outside of units, with a note: %s', (_, text) => {
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
    expect(
      textOf(text, 'DOC/ARTICLE-2')
        .trim()
        .replace(/<\/(?:main|div|body)>[\s\S]*$/, '')
        .trim(),
    ).toBe(last.trim())
    expect(problemCodes(text).filter((code) => code !== 'SITE_PART')).toEqual([])
    expect(problemCodes(text)).toContain('SITE_PART')
  })

  test('stay in a unit where text of it stands behind them, and the note says so', () => {
    const text = page(
      '',
      '<h2>Article 1</h2><p>Doors.</p><aside><h3>Note</h3><p>On doors.</p></aside><p>And gates.</p><h2>Article 2</h2><p>Keys.</p><aside>Of iron.</aside><p>And bells.</p>',
      '',
    )
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
    expect(textOf(text, 'DOC/ARTICLE-1')).toContain('And gates.')
    expect(textOf(text, 'DOC/ARTICLE-2')).toContain('Of iron.')
    const messages = scanText(text).problems.flatMap(({ code, message }) =>
      code === 'SITE_PART' ? [message] : [],
    )
    expect(messages).toEqual([
      expect.stringContaining('stays in the text of DOC/ARTICLE-1'),
      expect.stringContaining('stays in the text of DOC/ARTICLE-2'),
    ])
  })

  test('that hold an article with a missing number are suspected', () => {
    const text = page('', `${LAW}`, '<aside><h2>Article 3</h2><p>Bells ring.</p></aside>')
    expect(addresses(text)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2'])
    expect(problemCodes(text)).toContain('HEADING_SUSPECTED?')
  })

  test('hide no element that bears its number', () => {
    const text = page(
      '',
      '<main><p>All the laws.</p></main><article data-number="1"><p>Doors.</p></article>',
      '',
    )
    expect(addresses(text)).toContain('DOC/ARTICLE-1')
  })

  test.each([
    ['without an end', '<nav><h2>Menu</h2>'],
    ['in a comment', '<!-- <nav> -->'],
    ['in a script', '<script>const a = "<nav>"</script>'],
  ])('are none %s', (_, before) => {
    expect(problemCodes(page(before, LAW, ''))).not.toContain('SITE_PART')
    expect(addresses(page(before, LAW, ''))).toEqual(
      expect.arrayContaining(['DOC/ARTICLE-1', 'DOC/ARTICLE-2']),
    )
  })

  test('are read like other text by the version before, which documents keep', () => {
    const text = page('', LAW, '<footer><h2>Contact</h2><p>Write to the ministry at any time.</p></footer>')
    for (const profile of ['html@2', 'html-nested@2']) {
      expect(addresses(text, profile)).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/HEADING-CONTACT'])
      expect(scanText(text, profile).reading).toBe(`${profile}:article`)
      expect(getProfile(profile).siteParts).toBeUndefined()
    }
    expect(getProfile('html').version).toBe('3')
    expect(getProfile('html-nested').siteParts).toBe('outside')
  })
})
