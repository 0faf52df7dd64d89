import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  findUnitPart,
  listUnitParts,
  splitPartAddress,
  type UnitPart,
} from '../../../src/document/structure/unit-parts.ts'

const flat = (parts: UnitPart[]): UnitPart[] => parts.flatMap((part) => [part, ...flat(part.parts)])
const addressesOf = (text: string) => flat(listUnitParts('L', text)).map(({ address }) => address.slice(2))

/** Articles of real laws, as their publishers write them, shortened within sentences. */
const REAL: [law: string, text: string, parts: string[]][] = [
  [
    'German, Grundgesetz, article 13',
    `(1) Die Wohnung ist unverletzlich.

(2) Durchsuchungen dürfen nur durch den Richter angeordnet werden.

(3) Begründen bestimmte Tatsachen den Verdacht, so dürfen technische Mittel eingesetzt werden.
`,
    ['P1', 'P2', 'P3'],
  ],
  [
    'German, Grundgesetz, article 74 (points in numbers, 4a)',
    `(1) Die konkurrierende Gesetzgebung erstreckt sich auf folgende Gebiete:
1. das bürgerliche Recht, das Strafrecht;
2. das Personenstandswesen;
4. das Aufenthaltsrecht;
4a. (weggefallen)
5. (weggefallen)
(2) Gesetze nach Absatz 1 Nr. 25 bedürfen der Zustimmung.
`,
    ['P1', 'P1/PT-1', 'P1/PT-2', 'P1/PT-4', 'P1/PT-4a', 'P1/PT-5', 'P2'],
  ],
  [
    'German, BGB, § 312 (letters within letters)',
    `(2) Von diesem Abschnitt sind nicht anwendbar.
(1) Die Vorschriften sind anzuwenden:
1. notariell beurkundete Verträge
a) über Finanzdienstleistungen,
aa) die außerhalb geschlossen werden,
bb) für die der Notar belehrt,
b) die keine Verträge sind;
2. Verträge über die Begründung von Eigentum.
`,
    ['P1', 'P1/PT-1', 'P1/PT-1/PT-a', 'P1/PT-1/PT-a/PT-aa', 'P1/PT-1/PT-a/PT-bb', 'P1/PT-1/PT-b', 'P1/PT-2'],
  ],
  [
    'English, Regulation (EU) 2016/679, article 6',
    `1. Processing shall be lawful only if and to the extent that at least one of the following applies:

(a) the data subject has given consent;

(b) processing is necessary for the performance of a contract;

Point (f) of the first subparagraph shall not apply to public authorities.

2. Member States may maintain more specific provisions.

3. The basis shall be laid down by:

(a) Union law; or

(b) Member State law.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P2', 'P3', 'P3/PT-a', 'P3/PT-b'],
  ],
  [
    'English, an act (subsection, paragraph, sub-paragraph)',
    `(1) A person is guilty if—
  (a) he causes a computer to perform any function with intent—
    (i) to secure access; or
    (ii) to enable access to be secured;
  (b) the access is unauthorised; and
  (c) he knows.
(2) The intent need not be directed at—
  (h) any program.
`,
    ['P1', 'P1/PT-a', 'P1/PT-a/PT-i', 'P1/PT-a/PT-ii', 'P1/PT-b', 'P1/PT-c', 'P2'],
  ],
  [
    'English, letters (h), (i), (j) are no Roman numbers',
    `(1) It means: 
(a) a; 
(d) d; 
(h) h; 
(i) i; 
(j) j; 
(v) v;
`,
    ['P1', 'P1/PT-a', 'P1/PT-d', 'P1/PT-h', 'P1/PT-i', 'P1/PT-j'],
  ],
  [
    'Vietnamese, constitution of 2013, article 70 (đ behind d)',
    `Quốc hội có những nhiệm vụ sau đây:
1. Làm Hiến pháp:
a) một;
b) hai;
c) ba;
d) bốn;
đ) năm;
e) sáu;
2. Thực hiện quyền giám sát tối cao.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P1/PT-c', 'P1/PT-d', 'P1/PT-dd', 'P1/PT-e', 'P2'],
  ],
  [
    'French, constitution of 1958, article 12 (alinéas)',
    `Le Président de la République peut prononcer la dissolution de l'Assemblée nationale.

Les élections générales ont lieu vingt jours au moins après la dissolution.

L'Assemblée nationale se réunit de plein droit.
`,
    ['P1', 'P2', 'P3'],
  ],
  [
    'French, a code (1° and a) below an alinéa)',
    `Sont punis :

1° Le vol ;

2° L'escroquerie :

a) En bande organisée ;

b) En récidive.

La tentative est punie.
`,
    ['P1', 'P1/PT-1', 'P1/PT-2', 'P1/PT-2/PT-a', 'P1/PT-2/PT-b', 'P2'],
  ],
  [
    'Spanish, constitution of 1978, article 20',
    `1. Se reconocen y protegen los derechos:
a) A expresar y difundir libremente los pensamientos.
b) A la producción y creación literaria.
2. El ejercicio de estos derechos no puede restringirse.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P2'],
  ],
  [
    'Portuguese, Brazilian constitution, article 5 (incisos, alíneas, parágrafos)',
    `Todos são iguais perante a lei, nos termos seguintes:

I - homens e mulheres são iguais em direitos;

II - ninguém será obrigado a fazer:

a) o registro civil;

b) a certidão;

§ 1º As normas têm aplicação imediata.

§ 2º Os direitos não excluem outros.
`,
    ['P1', 'P2'],
  ],
  [
    'Polish, kodeks cywilny, article 5 (§ as paragraph)',
    `§ 1. Kto nabył własność, może żądać:
1) zwrotu;
2) zapłaty.
§ 2. Przepisu nie stosuje się.
`,
    ['P1', 'P1/PT-1', 'P1/PT-2', 'P2'],
  ],
  [
    'Russian, constitution, article 72 (Cyrillic letters)',
    `1. В совместном ведении находятся:
а) обеспечение соответствия;
б) защита прав;
в) вопросы владения.
2. Положения настоящей статьи.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P1/PT-v', 'P2'],
  ],
  [
    'Greek, constitution, article 5 (Greek letters)',
    `1. Καθένας έχει δικαίωμα:
α) να αναπτύσσει·
β) να συμμετέχει·
γ) να ζει.
2. Όλοι απολαμβάνουν προστασία.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P1/PT-g', 'P2'],
  ],
  [
    'Japanese, the first paragraph without its number, items in Han',
    `次に掲げる者は、届け出なければならない。
一　成年者
二　法人
２　前項の届出は、書面による。
３　第一項の規定は、適用しない。
`,
    ['P1', 'P1/PT-1', 'P1/PT-2', 'P2', 'P3'],
  ],
  [
    'Chinese, civil code, paragraphs by place and （一）',
    `有下列情形之一的，民事法律行为无效：

（一）一方以欺诈手段；

（二）恶意串通。

法律另有规定的除外。
`,
    ['P1', 'P1/PT-1', 'P1/PT-2', 'P2'],
  ],
  [
    'Korean, ① and 1. and 가.',
    `① 이 법에서 사용하는 용어는 다음과 같다.
1. 개인정보란 다음을 말한다.
가. 성명
나. 번호
2. 처리란 수집을 말한다.
② 제1항은 적용하지 아니한다.
`,
    ['P1', 'P1/PT-1', 'P1/PT-1/PT-ga', 'P1/PT-1/PT-na', 'P1/PT-2', 'P2'],
  ],
  [
    'Arabic, digits of its script',
    `١. لكل شخص الحق.
٢. لا يجوز التمييز.
`,
    ['P1', 'P2'],
  ],
  [
    'HTML of a gazette',
    `<p>1. The Minister may, by order,—</p><p>(a) appoint; or</p><p>(b) dismiss.</p><p>2. An order is published.</p>`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P2'],
  ],
  [
    'Markdown with bold numbers and list signs',
    `**1.** Everybody may speak.

- a) aloud;
- b) in writing.

**2.** Nobody is silenced.
`,
    ['P1', 'P1/PT-a', 'P1/PT-b', 'P2'],
  ],
  ['one sentence', 'The workshop belongs to all.\n', ['P1']],
  ['a text that holds no word', '\n---\n', []],
]

describe('listUnitParts', () => {
  test.each(REAL)('reads %s', (_, text, parts) => {
    expect(addressesOf(text)).toEqual(parts)
  })

  test('a part has its complete text, and points have theirs inside of it', () => {
    const text = 'Intro:\n1. Both:\na) one;\nb) two.\n2. End.\n'
    const parts = listUnitParts('L/ARTICLE-1', text)
    const own = (address: string) => {
      const { start, end } = findUnitPart(parts, address)!
      return text.slice(start, end)
    }
    expect(own('L/ARTICLE-1/P1')).toBe('1. Both:\na) one;\nb) two.\n')
    expect(own('L/ARTICLE-1/P1/PT-b')).toBe('b) two.\n')
    expect(own('L/ARTICLE-1/P2')).toBe('2. End.\n')
    expect(findUnitPart(parts, 'L/ARTICLE-1/P1/PT-c')).toBeNull()
  })

  test.each([
    ['a year at the beginning of a line', 'In the year\n1789. it began,\nand\n1790. it ended.\n', ['P1']],
    ['an initial', 'A. Smith signed it.\n', ['P1']],
    ['numbers in a sentence', 'It has (1) a head and (2) a tail.\n', ['P1']],
    ['a second (1)', '(1) One.\n(1) Another.\n(2) Two.\n', ['P1', 'P2']],
    ['a wide gap', '(1) One.\n(9) Nine.\n', ['P1']],
  ])('%s begins no part', (_, text, parts) => {
    expect(addressesOf(text)).toEqual(parts)
  })
})

const MARKS = [
  '(1)',
  '(2)',
  '(3)',
  '1.',
  '2.',
  '2a.',
  'a)',
  'b)',
  'c)',
  '(i)',
  '(ii)',
  'aa)',
  '①',
  '（一）',
  '§ 1',
  '- ',
  '',
]
const texts = fc
  .array(
    fc.tuple(
      fc.constantFrom(...MARKS),
      fc.constantFrom('Word.', 'and more', 'Wort;', '次'),
      fc.constantFrom('\n', '\n\n', '\r\n', '<p>'),
    ),
  )
  .map((lines) => lines.map(([mark, words, end]) => `${mark} ${words}${end}`).join(''))

describe('the parts of any text', () => {
  test('have one address each, lie in order inside of what they are part of, and are found by their address', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const parts = listUnitParts('L/ARTICLE-1', text)
        const all = flat(parts)
        expect(new Set(all.map(({ address }) => address)).size).toBe(all.length)
        const check = (list: UnitPart[], start: number, end: number) => {
          let at = start
          for (const part of list) {
            expect(part.start).toBeGreaterThanOrEqual(at)
            expect(part.wordsStart).toBeGreaterThanOrEqual(part.start)
            expect(part.end).toBeGreaterThan(part.start)
            expect(part.end).toBeLessThanOrEqual(end)
            if (part.mark !== null)
              expect(text.slice(part.start, part.wordsStart).endsWith(part.mark)).toBe(true)
            check(part.parts, part.start, part.end)
            at = part.end
          }
        }
        check(parts, 0, text.length)
        for (const part of all) {
          expect(findUnitPart(parts, part.address)).toBe(part)
          expect(splitPartAddress(part.address)?.unit).toBe('L/ARTICLE-1')
          expect(part.address).toMatch(/^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$/)
        }
      }),
    )
  })

  test('stay what they are when a paragraph with the next number is added at the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (count) => {
        const law = (n: number) =>
          Array.from({ length: n }, (_, i) => `(${i + 1}) Text ${i + 1}:\na) one;\nb) two.\n`).join('')
        const before = addressesOf(law(count))
        expect(before).toHaveLength(3 * count)
        expect(addressesOf(law(count + 1)).slice(0, before.length)).toEqual(before)
      }),
    )
  })
})

test('an address without a part is not split', () => {
  expect(['LAW', 'LAW/ARTICLE-5', 'LAW/PART-2', 'LAW/P2X/ARTICLE-5'].map(splitPartAddress)).toEqual([
    null,
    null,
    null,
    null,
  ])
  expect(splitPartAddress('LAW/ARTICLE-5/P2a/PT-a/PT-ii')).toEqual({
    unit: 'LAW/ARTICLE-5',
    rest: 'P2a/PT-a/PT-ii',
  })
})
