import { describe, expect, test } from 'vitest'
import { type Profile, parseProfile } from '../../../src/document/profiles/profile.ts'
import { extendProfile, findShippedProfile } from '../../../src/document/profiles/shipped-profiles.ts'
import { type Scan, scanDocument } from '../../../src/document/scan.ts'
import { CutterError } from '../../../src/domain/errors.ts'

// A user's own profile names leaves that a text does not have.

const CONTAINERS: { [name: string]: string } = {
  'a chapter on a line': 'Chapter 1\n\nThe line runs by the river.\n',
  'chapters on lines': 'Chapter 1\n\nThe KT line runs by the river.\n\nChapter 2\n\nThe end.\n',
  'a Chinese chapter': '第一章 总则\n\n河流属于公众。\n',
  'parts over chapters':
    'PART I\n\nChapter 1\n\nOne.\n\nChapter 2\n\nTwo.\n\nPART II\n\nChapter 3\n\nThree.\n',
  'chapters without text': 'Chapter 1\n\nChapter 2\n',
  'Markdown chapters': '# Law\n\n## Chapter 1\n\nOne.\n\n## Chapter 2\n\nTwo.\n',
  'one Markdown chapter': '# Chapter 1\n\nOne.\n',
  'bold chapters': '**Chapter 1**\n\nOne.\n\n**Chapter 2**\n\nTwo.\n',
  'HTML chapters': '<h1>Law</h1><h2>Chapter 1</h2><p>One.</p><h2>Chapter 2</h2><p>Two.</p>\n',
  'AsciiDoc chapters': '= Law\n\n== Chapter 1\n\nOne.\n\n== Chapter 2\n\nTwo.\n',
  'Vietnamese chapters': 'Chương I\n\nMột.\n\nChương II\n\nHai.\n',
  'no heading': 'The river belongs to all.\n\nNobody owns it.\n',
}

const BASES = ['markdown', 'plain', 'html', 'asciidoc', 'constitution', 'rules']

/** Own profiles on top of some that ship, with the first of its leaves alone, and with all of them. */
function ownProfiles(when: 'first' | 'named'): Profile[] {
  return BASES.flatMap((base) => {
    const leaves = findShippedProfile(base)!.levels.filter(({ role }) => role === 'leaf')
    const names = leaves.map(({ name }) => name)
    return [names.slice(0, 1), names].map((wanted, i) =>
      parseProfile(
        extendProfile(
          { name: `mine-${base}-${i}`, version: '1', extends: base, detect: { when }, leaves: wanted },
          new Map(),
        ),
      ),
    )
  })
}

const NAMED = ownProfiles('named')
const DETECTED = ownProfiles('first')

/** A scan, or the words of its refusal. Any other error is thrown. */
function scanOrRefusal(text: string, profiles: Profile[], profile?: string): Scan | string {
  try {
    return scanDocument(Buffer.from(text), { document: 'DOC', profiles, profile })
  } catch (error) {
    if (error instanceof CutterError && error.code === 'INPUT_REFUSED') return error.message
    throw error
  }
}

describe.each(Object.entries(CONTAINERS))('a text of %s', (_, text) => {
  test('is read completely or refused with a reason by a named profile whose leaves it lacks', () => {
    for (const { name } of NAMED) {
      const found = scanOrRefusal(text, NAMED, name)
      if (typeof found === 'string') expect(found).toBe(`no unit to cut is found in DOC by profile ${name}`)
      else {
        expect(found.coverage.complete).toBe(true)
        expect(found.records.some(({ kind }) => kind === 'unit')).toBe(true)
      }
    }
  })

  test('is read as without such profiles where they merely stand in cutter.yaml', () => {
    expect(scanOrRefusal(text, NAMED)).toEqual(scanOrRefusal(text, []))
  })

  test('is read completely or refused with a reason where such a profile is detected', () => {
    for (const profile of DETECTED) {
      const found = scanOrRefusal(text, [profile])
      if (typeof found === 'string') expect(found).toMatch(/^no (?:unit to cut is found|profile fits)/)
      else expect(found.coverage.complete).toBe(true)
    }
  })
})
