import { describe, expect, test } from 'vitest'
import { addresses } from '../scan-fixture.ts'

/** Words and abbreviations for "number" before a number. */
const WORDS = [
  ...[
    'Article No. {n}',
    'Article No {n}',
    'Article Number {n}',
    'ARTICLE NO.{n}',
    'Article n° {n}',
    'Article N°{n}',
  ],
  ...['Article numéro {n}', 'Artikel Nr. {n}', 'Artikel Nummer {n}', 'Artículo N.º {n}', 'Artículo Nº {n}.-'],
  ...['ARTICULO N.° {n}', 'Artículo Núm. {n}', 'Artículo Número {n}', 'Artigo n.º {n}', 'Articolo num. {n}'],
  ...['Статья № {n}', 'Статья номер {n}', 'Article #{n}'],
]

const lines = (form: string, mark: string) =>
  ['1', '2', '3 bis'].map((n) => `${mark}${form.replace('{n}', n)}\n\nSome text of it.\n`).join('\n')

describe.each(['', '## '])('headings that begin with "%s"', (mark) => {
  test.each(WORDS)('are read with their number: %s', (form) => {
    expect(addresses(lines(form, mark))).toEqual(['DOC/ARTICLE-1', 'DOC/ARTICLE-2', 'DOC/ARTICLE-3-BIS'])
  })
})

test.each(['Article N. {n}', 'Article Now {n}', 'Article Noted {n}'])(
  'other words before a number are none: %s',
  (form) => {
    let found: (string | null)[] = []
    try {
      found = addresses(lines(form, ''))
    } catch {
      // No profile fits.
    }
    expect(found).not.toContain('DOC/ARTICLE-1')
  },
)
