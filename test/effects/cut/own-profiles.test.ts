import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadCustomProfiles } from '../../../src/config/custom-profiles.ts'
import type { Profile } from '../../../src/document/profiles/profile.ts'
import { scanDocument } from '../../../src/document/scan.ts'
import { Stop } from '../../../src/domain/errors.ts'
import { chooseReading, findPinnedReading, readingOfPlan } from '../../../src/effects/cut/pinned-reading.ts'
import type { CutPlan } from '../../../src/effects/cut/plan.ts'
import type { StoredText } from '../../../src/effects/cut/stored-text.ts'
import { articles, sentences } from '../../support/articles.ts'
import { enacted, planRecut, type Recorded } from './plan-recut.ts'

// A document that was cut with a user's own profile, and what its next cut finds of that profile.

const homes: string[] = []
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true })
})

const profileText = (name: string, heading: string, code: string) => `name: ${name}
version: "1"
extends: markdown
description: rules of the house
detect: { when: named }
levels:
  - { name: rule, code: ${code}, role: leaf, headings: { la: ["${heading} {n}"] } }
leaves: [rule]
`

/** Own profiles as cutter.yaml names them, by name: the word of their headings and the code of their addresses. */
async function ownProfiles(headings: { [name: string]: [string, string] }): Promise<Profile[]> {
  const home = mkdtempSync(join(tmpdir(), 'own-profiles-'))
  homes.push(home)
  for (const [name, [heading, code]] of Object.entries(headings))
    writeFileSync(join(home, `${name}.yaml`), profileText(name, heading, code))
  const profiles = Object.fromEntries(Object.keys(headings).map((name) => [name, `./${name}.yaml`]))
  return loadCustomProfiles({ profiles }, home)
}

const DOMUS = '# Domus\n\n## Lex 1\n\nPrima lex.\n\n## Lex 2\n\nSecunda lex.\n'
const CHARTER = '# Charter\n\n## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n'

function cutWith(profile: string, profiles: Profile[], recorded: Recorded): StoredText {
  const text = profile === 'house' ? DOMUS : CHARTER
  return enacted(text, { profile, profiles }, recorded).prior
}

/** The reading of the next cut, or the stop. */
function choose(prior: StoredText, wanted: string | undefined, profiles: Profile[]): string | Stop {
  try {
    return chooseReading(prior, { named: wanted }, profiles) ?? 'detected'
  } catch (error) {
    if (error instanceof Stop) return error
    throw error
  }
}

const RECORDS: Recorded[] = ['id', 'profile', 'reading']

/** Own profiles at the next cut, and the words of the stop where the record names the profile. */
const LOSSES: [string, { [name: string]: [string, string] }, string][] = [
  ['is changed', { house: ['Regula', 'RULE'] }, 'and now house has 1+'],
  ['is removed', {}, 'and now no profile is called house'],
  ['is renamed', { 'house-rules': ['Lex', 'RULE'] }, 'and now no profile is called house'],
]
const rowsOfLosses = () =>
  LOSSES.flatMap(([what, now, words]) =>
    RECORDS.map((recorded): [string, Recorded, { [name: string]: [string, string] }, string] => [
      what,
      recorded,
      now,
      words,
    ]),
  )

describe('a text in force that was cut with an own profile', () => {
  const rows = rowsOfLosses()

  test.for(rows)(
    'stops its next cut when the profile %s and its record names the %s',
    async ([, recorded, headings, words]) => {
      const profiles = await ownProfiles({ house: ['Lex', 'RULE'] })
      const prior = cutWith('house', profiles, recorded)
      const now = await ownProfiles(headings)
      const stop = choose(prior, undefined, now)
      expect(stop).toBeInstanceOf(Stop)
      const { code, message, next, data } = (stop as Stop).facts
      expect(code).toBe('STOP_REFUSED_INPUT')
      expect(message).toContain(recorded === 'id' ? prior.sourceVersionId : words)
      if (recorded !== 'id') expect(message).toContain(`that was house@${profiles[0]!.version}`)
      for (const name of Object.keys(headings)) if (recorded === 'id') expect(message).toContain(name)
      expect(next).toContain('--profile <name>')
      expect(data).toMatchObject({
        document: 'CHARTER',
        profiles: now.map((one) => `${one.name}@${one.version}`),
      })
    },
  )

  test.for(rows)(
    'is read by a profile that is named when its own %s and its record names the %s',
    async ([, recorded, headings]) => {
      const prior = cutWith('house', await ownProfiles({ house: ['Lex', 'RULE'] }), recorded)
      const now = await ownProfiles(headings)
      for (const wanted of ['markdown', ...Object.keys(headings)])
        expect(choose(prior, wanted, now)).toBe(wanted)
      expect(findPinnedReading(prior, now)).toBeNull()
    },
  )

  test.for(RECORDS)(
    'keeps its reading while the profile stays, when its record names the %s',
    async (recorded) => {
      const profiles = await ownProfiles({ house: ['Lex', 'RULE'], other: ['Regula', 'RULE'] })
      const reading = `house@${profiles[0]!.version}`
      const wanted: [string | undefined, string][] = [
        [undefined, reading],
        ['house', reading],
        ['other', 'other'],
        ['markdown', 'markdown'],
        ['markdown@1', 'markdown@1'],
      ]
      for (const [profile, chosen] of wanted)
        expect(choose(cutWith('house', profiles, recorded), profile, profiles)).toBe(chosen)
    },
  )
})

describe('a profile that merely stands in cutter.yaml', () => {
  const choices: [string, string, string, string | null][] = [
    ['keeps a reading that has its name', 'markdown', 'markdown', 'markdown@2:article'],
    ['keeps a reading that has its version', 'markdown', 'markdown@2', 'markdown@2:article'],
    ['keeps a reading that has its levels', 'markdown', 'markdown@2:article', 'markdown@2:article'],
    ['keeps a reading of an own profile that has its name', 'house', 'house', 'house@VERSION'],
    ['stops where it is another profile', 'markdown', 'plain', null],
    ['stops where it is an own profile instead of one that ships', 'markdown', 'house', null],
    ['stops where it is one that ships instead of an own profile', 'house', 'markdown', null],
    ['stops where it has another version', 'markdown', 'markdown@1', null],
    ['stops where it has other levels', 'markdown', 'markdown@2:article,chapter', null],
  ]

  test.for(
    choices.flatMap((row) => RECORDS.map((recorded): [Recorded, ...typeof row] => [recorded, ...row])),
  )('where the record names the %s, %s', async ([recorded, , was, registered, kept]) => {
    const profiles = await ownProfiles({ house: ['Lex', 'RULE'] })
    const prior = cutWith(was, profiles, recorded)
    const pinned = findPinnedReading(prior, profiles)!
    if (kept !== null) {
      const expected = kept.replace('VERSION', profiles[0]!.version)
      expect([chooseReading(prior, { registered }, profiles), pinned]).toEqual([expected, expected])
      return
    }
    expect(() => chooseReading(prior, { registered }, profiles)).toThrow(
      `cutter.yaml names ${registered} for CHARTER, and its last cut read it as ${pinned}; nothing was changed`,
    )
    // Named for a run, it is another reading, whose plan says so.
    expect(chooseReading(prior, { named: registered, registered }, profiles)).toBe(registered)
    expect(chooseReading(prior, { named: was, registered }, profiles)).toBe(pinned)
  })

  test.for(rowsOfLosses())(
    'decides nothing when the own profile of the last cut %s and its record names the %s',
    async ([, recorded, headings]) => {
      const prior = cutWith('house', await ownProfiles({ house: ['Lex', 'RULE'] }), recorded)
      const now = await ownProfiles(headings)
      for (const registered of ['house', 'markdown', ...Object.keys(headings)])
        expect(() => chooseReading(prior, { registered }, now)).toThrow('no profile here reads CHARTER')
    },
  )
})

describe('a text in force that was cut with a profile that ships', () => {
  test.for(
    RECORDS.flatMap((recorded) =>
      ['markdown@1', 'markdown', 'constitution@1', 'markdown-nested@1'].map((profile): [string, Recorded] => [
        profile,
        recorded,
      ]),
    ),
  )('keeps %s when its record names the %s', async ([profile, recorded]) => {
    const own = await ownProfiles({ house: ['Lex', 'RULE'] })
    const prior = cutWith(profile, [], recorded)
    const { reading } = scanDocument(Buffer.from(CHARTER), { document: 'CHARTER', profile })
    expect(choose(prior, undefined, own)).toBe(reading)
  })

  test('stops its next cut when its version or a level does not ship any more', () => {
    const prior = cutWith('markdown', [], 'reading')
    for (const reading of ['markdown@99:article', 'markdown@2:canto']) {
      const stop = choose({ ...prior, reading }, undefined, [])
      expect(stop).toMatchObject({
        message: expect.stringContaining(`that was ${reading}, and now markdown has 2, 1`),
      })
      expect(choose({ ...prior, reading }, 'markdown', [])).toBe('markdown')
    }
  })

  test('lets the profile be detected where no cut brought the document into force', () => {
    expect(chooseReading(null, {})).toBeUndefined()
    expect(chooseReading(null, { registered: 'markdown@1' })).toBe('markdown@1')
    expect(chooseReading(null, { named: 'plain', registered: 'markdown@1' })).toBe('plain')
  })
})

describe('the plan of a re-cut that reads a text in another way', () => {
  const lawOf = (heading: string, ...texts: string[]) =>
    `# Domus\n\n${texts.map((text, i) => `## ${heading} ${i + 1}\n\n${text}\n`).join('\n')}`
  const TEXTS = ['Prima lex.', 'Secunda lex.', 'Tertia lex.', 'Tertia lex.']
  const AMENDED = ['Nova lex.', ...TEXTS.slice(1)]
  const both = (one: string, other: string) => [
    `supersede RULE-3: ${one}+${other}`,
    `supersede RULE-4: ${one}+${other}`,
  ]

  const rows: [string, string, { [name: string]: [string, string] }, string, string[]][] = [
    ['changed to other words', 'house', { house: ['Regula', 'RULE'] }, 'Regula', []],
    [
      'changed to other words and another code',
      'house',
      { house: ['Regula', 'REG'] },
      'Regula',
      ['retire RULE-1: ', 'supersede RULE-2: REG-2', ...both('REG-3', 'REG-4')],
    ],
    [
      'renamed',
      'house-norms',
      { 'house-norms': ['Regula', 'REG'] },
      'Regula',
      ['retire RULE-1: ', 'supersede RULE-2: REG-2', ...both('REG-3', 'REG-4')],
    ],
    [
      'changed to another code',
      'house',
      { house: ['Lex', 'REG'] },
      'Lex',
      ['retire RULE-1: ', ...['2', '3', '4'].map((n) => `supersede RULE-${n}: REG-${n}`)],
    ],
    [
      'removed',
      'markdown',
      {},
      'Lex',
      ['retire RULE-1: ', ...['2', '3', '4'].map((n) => `supersede RULE-${n}: HEADING-LEX-${n}`)],
    ],
  ]

  test.for(RECORDS.flatMap((recorded) => rows.map((row): [Recorded, ...typeof row] => [recorded, ...row])))(
    'names it and retires no text that stands, where the record names the %s and the profile was %s',
    async ([recorded, , profile, headings, word, endings]) => {
      const was = { profile: 'house', profiles: await ownProfiles({ house: ['Lex', 'RULE'] }) }
      const now = { profile, profiles: await ownProfiles(headings) }
      const accept = 'OTHER_TEXT_CHANGED,HEADING_SUSPECTED'
      const plan = planRecut(lawOf('Lex', ...TEXTS), lawOf(word, ...AMENDED), { was, now, recorded, accept })
      const version = was.profiles[0]!.version
      expect(plan.reading).toEqual({
        was: recorded === 'id' ? 'unknown' : `house@${version}`,
        now: plan.source.reading,
      })
      expect(plan.source.reading).toMatch(new RegExp(`^${profile}@`))
      expect(listEndings(plan)).toEqual(endings)
    },
  )
})

test('the reading of an approved plan is its profile alone once that has changed', async () => {
  const profiles = await ownProfiles({ house: ['Lex', 'RULE'] })
  const now = await ownProfiles({ house: ['Regula', 'RULE'] })
  const { version: profileVersion } = profiles[0]!
  const exact = `house@${profileVersion}`
  for (const reading of [undefined, exact, `${exact}:rule`]) {
    const source = { profile: 'house', profileVersion, ...(reading === undefined ? {} : { reading }) }
    const plan = { source } as CutPlan
    expect([readingOfPlan(plan, profiles), readingOfPlan(plan, now)]).toEqual([reading ?? exact, 'house'])
  }
})

const short = (address: string) => address.replace(/^CHARTER\/(?:ARTICLE-)?/, '')
const listEndings = ({ endings }: CutPlan) =>
  endings.map(
    ({ action, address, successors }) => `${action} ${short(address)}: ${successors.map(short).join('+')}`,
  )

describe('a short text of a unit that ends', () => {
  const law = (...bodies: [string, string][]) => articles(...bodies)
  const accept = 'NUMBER_GAP,OTHER_TEXT_CHANGED'
  const [one, two] = [sentences(1), sentences(2)]

  test.for<[string, string, string, string[]]>([
    [
      'is superseded by the unit that has it in a paragraph of its own',
      law(['1', one], ['2', 'Secunda lex.'], ['3', two]),
      law(['1', one], ['3', `${two}\n\nSecunda lex.`]),
      ['supersede 2: 3'],
    ],
    [
      'is superseded by the unit that has it in lines of its own',
      law(['1', one], ['2', 'Secunda lex.\nFinis.'], ['3', two]),
      law(['1', one], ['3', `${two}\nSecunda lex.\nFinis.`]),
      ['supersede 2: 3'],
    ],
    [
      'is retired where its words stand inside of a sentence',
      law(['1', one], ['2', 'Secunda lex.'], ['3', two]),
      law(['1', one], ['3', `${two}\n\nAs it is: Secunda lex. Always.`]),
      ['retire 2: '],
    ],
    [
      'is retired where a part of it stands',
      law(['1', one], ['2', 'Secunda lex.\n\nFinis.'], ['3', two]),
      law(['1', one], ['3', `${two}\n\nSecunda lex.`]),
      ['retire 2: '],
    ],
    [
      'is retired where several units had it',
      law(['1', one], ['2', 'Nothing.'], ['3', two], ['4', 'Nothing.']),
      law(['1', one], ['3', `${two}\n\nNothing.`]),
      ['retire 2: ', 'retire 4: '],
    ],
    [
      'is retired where a unit that stays has it too',
      law(['1', 'Nothing.'], ['2', 'Nothing.'], ['3', two]),
      law(['1', 'Nothing.'], ['3', two]),
      ['retire 2: '],
    ],
    [
      'is retired where no letter tells it from others',
      law(['1', one], ['2', '…'], ['3', two]),
      law(['1', one], ['3', `${two}\n\n…`]),
      ['retire 2: '],
    ],
  ])('%s', ([, before, after, endings]) => {
    expect(listEndings(planRecut(before, after, { accept }))).toEqual(endings)
  })

  const front = (text: string) => `---\n${text}\n---\n\n`

  test('stops the re-cut where it stands outside of units', () => {
    const before = front('x: y') + law(['1', one], ['2', 'Secunda lex.'])
    const after = front('Secunda lex.') + law(['1', one])
    expect(() => planRecut(before, after, { accept })).toThrow(
      'CHARTER/ARTICLE-2 stands in the source, but in no unit',
    )
  })

  test('is retired where it stood outside of units before', () => {
    const before = front('Secunda lex.') + law(['1', one], ['2', 'Secunda lex.'])
    const after = front('Secunda lex.') + law(['1', one])
    expect(listEndings(planRecut(before, after, { accept }))).toEqual(['retire 2: '])
  })
})

test('an own profile keeps the version that release 0.2.0 gave it, next to its present one', async () => {
  const home = mkdtempSync(join(tmpdir(), 'own-profiles-'))
  homes.push(home)
  // The profile of docs/cut.md, and the version that the documentation of 0.2.0 shows.
  writeFileSync(join(home, 'rules.yaml'), profileText('house-rules', 'Regula', 'RULE'))
  const profiles = await loadCustomProfiles({ profiles: { 'house-rules': './rules.yaml' } }, home)
  // The present version changes with the profile that it extends.
  expect(profiles.map(({ version }) => version)).toEqual([
    expect.stringMatching(/^1\+(?!c5980c9b4bfc)[0-9a-f]{12}$/),
    '1+c5980c9b4bfc',
  ])

  const before = profiles.slice(1)
  const prior = enacted('## Regula 1\n\nPrima.\n', { profile: 'house-rules', profiles: before }, 'id').prior
  expect(choose(prior, undefined, profiles)).toBe('house-rules@1+c5980c9b4bfc')
})
