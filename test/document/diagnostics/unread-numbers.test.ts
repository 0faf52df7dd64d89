import { describe, expect, test } from 'vitest'
import { problemCodes } from '../scan-fixture.ts'

const unsafe = (text: string) => [...new Set(problemCodes(text).filter((code) => /[!?]$/.test(code)))]

describe('a number behind a title', () => {
  test.each(['The {t} (Article {n})', 'The {t} — § {n}', 'The {t} [Art. {n}]', 'The {t} | Article {n}'])(
    'is a finding, because the address would have no number: %s',
    (form) => {
      const heading = (title: string, n: number) => form.replace('{t}', title).replace('{n}', String(n))
      const text = `# Act\n\n## ${heading('harbour', 1)}\n\nOne.\n\n## ${heading('dogs', 2)}\n\nTwo.\n`
      expect(unsafe(text)).toEqual(['HEADING_SUSPECTED?'])
    },
  )

  test.each(['Fees', 'Fees (2020)', 'Fees – see Article 2 of the old act'])(
    'is none where a title mentions something else: %s',
    (title) => {
      expect(unsafe(`# Act\n\n## Harbour\n\nOne.\n\n## ${title}\n\nTwo.\n`)).toEqual([])
    },
  )
})

describe('a numbered list in the only unit of a text', () => {
  test.each([
    '# Rules\n\n1. Be quiet.\n1. Be clean.\n1. Be kind.\n',
    '<html><body><h1>Rules</h1><p>1. Be quiet.</p><p>2. Be clean.</p><p>3. Be kind.</p></body></html>\n',
    '<html><body><h1>Rules</h1><ol><li>Be quiet.</li><li>Be clean.</li><li>Be kind.</li></ol></body></html>\n',
    '<html><body><h1>Rules</h1><div>\n<b>1.</b> Be quiet.</div><div>2. Be clean.</div><div>3. Be kind.</div></body></html>\n',
  ])('is a finding, because its items may be the units: %j', (text) => {
    expect(unsafe(text)).toEqual(['HEADING_SUSPECTED?'])
  })

  test('is a part of its unit where the text has several', () => {
    expect(unsafe('# A\n\n## Article 1\n\n1. x\n1. y\n1. z\n\n## Article 2\n\nTwo.\n')).toEqual([])
  })
})
