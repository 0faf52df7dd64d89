import { describe, expect, test } from 'vitest'
import { parseProfile } from '../../../src/document/profiles/profile.ts'
import {
  extendProfile,
  findShippedProfile,
  findShippedProfileText,
  listShippedProfiles,
} from '../../../src/document/profiles/shipped-profiles.ts'
import { scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'
import { addresses, scanText, shape } from '../scan-fixture.ts'

const codes = (text: string, profile?: string) =>
  scanText(text, profile).problems.map(({ code, severity }) => `${code} ${severity}`)

function refusal(act: () => unknown): CutterError {
  try {
    act()
  } catch (error) {
    if (error instanceof CutterError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the profile plain', () => {
  const laws: [language: string, text: string, articles: string[]][] = [
    [
      'English',
      'CHAPTER I\nGeneral\n\nArticle 1. Scope\nText.\n\nArticle 2. Terms\nText.\n\nArticle 2a. More\nText.\n',
      ['1', '2', '2A'],
    ],
    [
      'Vietnamese',
      'Chương I\nQUY ĐỊNH CHUNG\n\nĐiều 1. Phạm vi\n1. Một.\n\nĐiều 2. Giải thích từ ngữ\nHai.\n\nĐiều 2a. Thêm\nBa.\n',
      ['1', '2', '2A'],
    ],
    [
      'German',
      'Abschnitt 1\nAllgemeines\n\n§ 1 Anwendung\n(1) Text.\n\n§ 2 Begriffe\nText.\n\n§ 2a (weggefallen)\n',
      ['1', '2', '2A'],
    ],
    [
      'French',
      'TITRE PREMIER\nGénéralités\n\nArticle premier\nTexte.\n\nArticle 2 bis\nTexte.\n\nArt. 3. - Texte.\n',
      ['1', '2-BIS', '3'],
    ],
    [
      'Spanish',
      'CAPÍTULO I\nDisposiciones\n\nArtículo 1º. Objeto.\nTexto.\n\nARTICULO 2. Ámbito\nTexto.\n\nArtículo 3 ter\nTexto.\n',
      ['1', '2', '3-TER'],
    ],
    [
      'Chinese',
      '第一章 总则\n\n第一条　为了规范，制定本法。\n第二条　本法适用于测试。\n第三条　附则。\n',
      ['1', '2', '3'],
    ],
    [
      'Japanese',
      '第一章　総則\n\n第一条　この法律は、試験をいう。\n２　前項の規定。\n第二条　用語の意義。\n第二条の二　追加。\n第３条　雑則。\n',
      ['1', '2', '2-2', '3'],
    ],
    [
      'Korean',
      '제1장 총칙\n\n제1조(목적) 이 법은 시험을 목적으로 한다.\n제2조(정의) 용어의 뜻은 다음과 같다.\n제3조(벌칙) 벌한다.\n',
      ['1', '2', '3'],
    ],
    [
      'Urdu',
      'باب اول\n\nدفعہ ۱۔ دروازہ نیلا ہے۔\n\nدفعہ ۲۔ چابی پرانی ہے۔\n\nدفعہ ۳۔ اختتام۔\n',
      ['1', '2', '3'],
    ],
    ['Amharic', 'ምዕራፍ 1\n\nአንቀጽ 1። በሩ ሰማያዊ ነው።\n\nአንቀጽ 2። ቁልፉ አሮጌ ነው።\n\nአንቀጽ 3። መጨረሻ።\n', ['1', '2', '3']],
    [
      'Arabic',
      'الباب الأول\nأحكام عامة\n\nالمادة ١\nنص.\n\nالمادة ٢\nنص.\n\nالمادة (3)\nنص.\n',
      ['1', '2', '3'],
    ],
  ]

  test.each(laws)('profile plain is detected for a law in %s and finds its articles', (_, text, numbers) => {
    const result = scanText(text)
    expect(result.profile).toBe('plain')
    const cut = result.records.filter(({ kind }) => kind === 'unit' || kind === 'excluded')
    expect(cut.map(({ number }) => number)).toEqual(numbers)
    expect(result.confidence).toBeGreaterThanOrEqual(0.7)
    expect(result.problems.filter(({ severity }) => severity !== 'note')).toEqual([])
  })
})

describe('the profile numbered', () => {
  const text = `Some Technical Report

Table of Contents

1. Introduction
1.1. Scope
2. Terms
2.1. Words
Annex A

1. Introduction

Words, and a list:

1. an item of a list,
2. another one,

1.1. Scope

See 1.2 and section 2.

2. Terms

2.1. Words

2.1.1 term

10.5 million is no heading
2.2. More Words ........ 9

2.2. More Words

Annex A (informative)

A.1. Details

Text.

A.2. Others

Text.
`

  test('profile numbered cuts at every number that continues its series, and not in the table of contents', () => {
    const result = scanText(text)
    expect(result.profile).toBe('numbered')
    expect(result.records.filter(({ kind }) => kind === 'unit').map(({ address }) => address)).toEqual([
      ...['DOC/SEC-1', 'DOC/SEC-1.1', 'DOC/SEC-2', 'DOC/SEC-2.1', 'DOC/SEC-2.1.1', 'DOC/SEC-2.2'],
      ...['DOC/ANNEX-A', 'DOC/SEC-A.1', 'DOC/SEC-A.2'],
    ])
    expect(result.records.find(({ number }) => number === '2.1.1')).toMatchObject({
      parent: 'DOC/SEC-2.1',
      heading: '2.1.1 term',
    })
    expect(result.records.find(({ number }) => number === 'A.1')!.parent).toBe('DOC/ANNEX-A')
  })

  test('profile numbered reports a missing number, and ignores a number far ahead of its series', () => {
    const gap = '1 Scope\n\nx\n\n3 Terms\n\ny\n\n90 Percent\n\nz\n'
    expect(addresses(gap, 'numbered')).toEqual(['DOC/SEC-1', 'DOC/SEC-3'])
    expect(codes(gap, 'numbered')).toEqual(['NUMBER_GAP needs-accept'])
  })
})

describe('the profile dieu', () => {
  const scanned = (text: string) => scanDocument(Buffer.from(text), { document: 'D38', profile: 'dieu' })
  const cut = (text: string) =>
    scanned(text).records.flatMap(({ kind, address }) => (kind === 'unit' ? [address] : []))

  test('profile dieu gives addresses down to the paragraph and the point', () => {
    const text = `# Quy chế

## Chương I

### Điều 27. Chung

1. Một.

2. Hai:

a) điểm a;

b) điểm b;

đ) không kế tiếp ngay, nhưng vẫn là điểm;

### Điều 28. Riêng

Lời dẫn.

#### Mục 3. Đoạn ba

1. Khoản một.

a) điểm
`
    expect(cut(text)).toEqual([
      ...['D38-DIEU27-ROOT', 'D38-DIEU27-ROOT-P1', 'D38-DIEU27-ROOT-P2'],
      ...['D38-DIEU27-ROOT-P2-A', 'D38-DIEU27-ROOT-P2-B', 'D38-DIEU27-ROOT-P2-DD'],
      ...['D38-DIEU28-ROOT', 'D38-DIEU28-S3', 'D38-DIEU28-S3-P1', 'D38-DIEU28-S3-P1-A'],
    ])
    const records = scanned(text).records
    expect(records.find(({ address }) => address === 'D38-DIEU28-S3-P1')!.parent).toBe('D38-DIEU28-S3')
    expect(records.find(({ kind }) => kind === 'container')!.address).toBe('D38-CHUONG1')
  })

  test('profile dieu reads circled and full-width markers, and brackets', () => {
    expect(cut('第一条　総則。\n①　一項。\n②二項。\n')).toEqual([
      ...['D38-DIEU1-ROOT', 'D38-DIEU1-ROOT-P1', 'D38-DIEU1-ROOT-P2'],
    ])
    expect(cut('第一条　総則。\n○１　一項。\n○２　二項。\n')).toHaveLength(3)
    expect(cut('Artikel 1\n(1) Eins.\n(2) Zwei.\n(2a) Zwei a.\n(3) Drei.\n').slice(1)).toEqual([
      ...['D38-DIEU1-ROOT-P1', 'D38-DIEU1-ROOT-P2', 'D38-DIEU1-ROOT-P2A', 'D38-DIEU1-ROOT-P3'],
    ])
  })

  test('profile dieu ignores a number outside of its series', () => {
    expect(cut('Điều 1.\n7. Bảy.\n1. Một.\n1945. Năm.\n2. Hai.\n')).toEqual([
      ...['D38-DIEU1-ROOT', 'D38-DIEU1-ROOT-P1', 'D38-DIEU1-ROOT-P2'],
    ])
  })

  test('profile dieu excludes the content of an article that is repealed in place', () => {
    const records = scanned('Điều 1. (bãi bỏ)\n1. Một.\nĐiều 2.\n1. Một.\n').records
    expect(records.map(({ kind, reason }) => `${kind} ${reason ?? ''}`.trim())).toEqual([
      ...[
        'excluded repealed in place: bãi bỏ',
        'excluded inside D38-DIEU1-ROOT, which is left out',
        'unit',
        'unit',
      ],
    ])
  })
})

describe('the profile constitution', () => {
  const text = `# Hiến pháp

## Mục lục

x

## KT-A Khung chung

## KT-B Khung riêng

## Nguyên tắc 1 (ban hành)

a

## NT-2 [dự thảo]

b

## NT-3

*(bãi bỏ)*

## Điều 28

c

## Điều 29 (obsolete)

d
`

  test('profile constitution has three series of numbers, and its status marks exclude units', () => {
    const result = scanDocument(Buffer.from(text), { document: 'ICX-CONST' })
    expect(result.profile).toBe('constitution')
    expect(
      result.records.flatMap(({ kind, address, status, reason }) =>
        address === null ? [] : [[kind, address, status, reason ?? null]],
      ),
    ).toEqual([
      [
        ...['excluded', 'ICX-CONST/HEADING-MUC-LUC', null],
        'says how the text came about, and is not enacted',
      ],
      ['unit', 'ICX-CONST/KT-A', null, null],
      ['unit', 'ICX-CONST/KT-B', null, null],
      ['unit', 'ICX-CONST/NT-1', 'enacted', null],
      ['excluded', 'ICX-CONST/NT-2', 'draft', 'still a draft: dự thảo'],
      ['excluded', 'ICX-CONST/NT-3', 'repealed', 'repealed in place: bãi bỏ'],
      ['unit', 'ICX-CONST/DIEU-28', null, null],
      ['excluded', 'ICX-CONST/DIEU-29', 'obsolete', 'obsolete: obsolete'],
    ])
  })

  test('profile constitution reads a status in the text only if it is the complete text', () => {
    const status = (text: string) => scanText(`## NT-1\n\n${text}\n`, 'constitution').records.at(-1)!.status
    expect(['*(bãi bỏ)*', 'Bãi bỏ.', 'Điều này (bãi bỏ)', 'Bãi bỏ Điều 5.'].map(status)).toEqual([
      ...['repealed', 'repealed', null, null],
    ])
  })

  test('profile constitution reads plain text too', () => {
    expect(addresses('Điều 1\na\nNguyên tắc 1\nb\nĐiều 2\nc\n', 'constitution')).toEqual([
      ...['DOC/DIEU-1', 'DOC/NT-1', 'DOC/DIEU-2'],
    ])
  })
})

describe('the profile markdown-sections', () => {
  test('profile markdown-sections cuts at bold sections inside of articles, and at articles without sections', () => {
    const text =
      '## Article I\n\n**Section 1.** a\n\n__Section 2__ b\n\n| **Section 3.** | x |\n\n[^1]: **Section 4.**\n\n## Article II\n\nc **Section 9.**\n'
    expect(shape(text, 'markdown-sections').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['container DOC/ARTICLE-1', 'unit DOC/ARTICLE-1/SECTION-1', 'unit DOC/ARTICLE-1/SECTION-2'],
      'unit DOC/ARTICLE-2',
    ])
  })
})

describe('the profile spdx', () => {
  test('profile spdx cuts licence texts at their numbered clauses', () => {
    const text =
      'Some License 2.0\n\n1. Definitions.\n\nWords.\n\n2. Grant. You may do this and that, on the terms that follow here, and not otherwise.\n\n3. End.\n'
    const result = scanText(text)
    expect(result.profile).toBe('spdx')
    expect(addresses(text)).toEqual(['DOC/CLAUSE-1', 'DOC/CLAUSE-2', 'DOC/CLAUSE-3'])
  })

  test('profile spdx makes one unit of a licence without a number, but only by its name', () => {
    const text = 'Some License\n\nPermission is granted.\n'
    expect(shape(text, 'spdx')).toEqual(['unit DOC/TEXT -'])
    const error = refusal(() => scanText(text))
    expect(error.message).toContain(
      'no profile fits DOC well enough to be used without being named: spdx 0.2',
    )
    expect(error.next).toContain('--profile spdx')
    expect(error.data).toMatchObject({ candidates: [{ profile: 'spdx', confidence: 0.2 }], enough: 0.3 })
  })
})

describe('a custom profile', () => {
  const mine = {
    ...{ name: 'mine', version: '1', syntax: 'plain', address: '{document}/{code}{number}' },
    levels: [{ name: 'rule', code: 'R', role: 'leaf', headings: ['Regula {n}'] }],
    ...{ leaves: ['rule'], unnamed: { name: 'heading', code: 'H' } },
  }

  test('a custom profile needs only the fields without a default', () => {
    expect(addresses('Regula 1\na\nRegula 2\nb\n', mine as never)).toEqual(['DOC/R1', 'DOC/R2'])
  })

  test.each([
    ['a field that is not known', { pattern: '(a+)+$' }, 'pattern'],
    [
      'a form without a number',
      { levels: [{ ...mine.levels[0], headings: ['Regula'] }] },
      'levels.0.headings',
    ],
    [
      'a mark without a scheme',
      { levels: [{ ...mine.levels[0], marks: ['({n})'] }] },
      'levels.0.marks.0: a mark holds the scheme',
    ],
    ['an address without a number', { address: '{document}' }, 'address: an address template holds {number}'],
    ['nested groups', { address: '{number}[a[b]]' }, 'address: groups'],
    ['a level that occurs twice', { levels: [mine.levels[0], mine.levels[0]] }, 'levels: rule occurs twice'],
    ['leaves that are not levels', { leaves: ['lex'] }, 'leaves: lex is not a level'],
    ['needs that are not levels', { detect: { needs: ['lex'] } }, 'detect.needs: lex'],
  ])('a custom profile with %s is refused, with its name and the field', (_, change, words) => {
    const error = refusal(() => parseProfile({ ...mine, ...change }))
    expect(error.code).toBe('INPUT_REFUSED')
    expect(error.message).toContain('the profile mine is not valid')
    expect(error.message).toContain(words)
  })

  test('a custom profile inherits the keys of the extended profile, except version and detection', () => {
    const child = { name: 'child', version: '7', extends: 'markdown-nested', repeatedForms: 2 }
    const profile = parseProfile(extendProfile(child, new Map()))
    expect(profile).toMatchObject({ name: 'child', version: '7', syntax: ['markdown'], repeatedForms: 2 })
    expect(profile.detect).toEqual({ when: 'first' })
    expect(profile.levels).toEqual(findShippedProfile('markdown-nested')!.levels)
    expect(
      refusal(() => parseProfile(extendProfile({ name: 'child', extends: 'plain' }, new Map()))).message,
    ).toContain('version')
  })

  test('a custom profile that extends itself or an unknown profile is refused', () => {
    const [a, b] = [
      { name: 'a', extends: 'b' },
      { name: 'b', extends: 'a' },
    ]
    const both = new Map([
      ['a', a],
      ['b', b],
    ])
    expect(refusal(() => extendProfile(a, both)).message).toContain('extends "a", which extends it in turn')
    expect(refusal(() => extendProfile({ name: 'c', extends: 'd' }, both)).message).toContain(
      '"d", which is not known',
    )
  })

  test('a custom profile excludes units by their words, with the reason', () => {
    const profile = {
      ...findShippedProfile('markdown')!,
      exclusions: [{ words: ['Change Log'], because: 'no law' }],
    }
    expect(scanText('# Scope\n# Change log\n', profile).records).toMatchObject([
      { kind: 'unit' },
      { kind: 'excluded', reason: 'no law', address: 'DOC/HEADING-CHANGE-LOG' },
    ])
  })

  test('a custom profile may find headings in fences', () => {
    const text = '# Article 1\n~~~\n# Article 2\n~~~\n'
    expect(addresses(text)).toHaveLength(1)
    expect(addresses(text, { ...findShippedProfile('markdown')!, ignore: ['comments'] })).toHaveLength(2)
  })

  test('a custom profile is preferred to one that ships if both fit equally well', () => {
    const own = parseProfile(extendProfile({ name: 'house', version: '3', extends: 'plain' }, new Map()))
    const result = scanDocument(Buffer.from('Article 1\na\nArticle 2\nb\n'), {
      document: 'DOC',
      profiles: [own],
    })
    expect(result).toMatchObject({ profile: 'house', profileVersion: '3' })
  })
})

describe('the profiles that ship', () => {
  test.each(listShippedProfiles())(
    'profile %s that ships is written in YAML and has a description',
    (name) => {
      const profile = findShippedProfile(name)!
      expect(findShippedProfileText(name)).toContain(`name: ${name}\n`)
      expect(profile.description).not.toBe('')
      expect(profile.languages.length).toBeGreaterThan(0)
    },
  )

  test('a scan by a shipped profile gives the reason for its confidence', () => {
    expect(scanText('# Article 1\n# Article 2\n').why).toBe(
      '2 of 2 units of a known kind, 2 numbered, 0 breaks in the numbers',
    )
  })
})

describe('a profile that names its leaves', () => {
  const mine = { ...findShippedProfile('plain')!, name: 'mine', leaves: ['article'] }

  test.each([
    ['one chapter', 'Chapter 1\n\nThe line runs by the river.\n', ['DOC/CHAPTER-1']],
    [
      'two chapters',
      'Chapter 1\n\nThe KT line.\n\nChapter 2\n\nThe end.\n',
      ['DOC/CHAPTER-1', 'DOC/CHAPTER-2'],
    ],
    ['a Chinese chapter', '第一章 总则\n\n河流属于公众。\n', ['DOC/CHAPTER-1']],
  ])('a profile that names its leaves cuts %s at the chapters', (_, text, expected) => {
    expect(addresses(text, mine)).toEqual(expected)
  })

  test('detection does not fail on chapters alone when a profile of cutter.yaml names its leaves', () => {
    const text = Buffer.from('Chapter 1\n\nThe KT line runs by the river.\n')
    expect(scanDocument(text, { document: 'DOC', profiles: [mine] }).records).toHaveLength(1)
  })
})
