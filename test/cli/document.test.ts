import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { start } from '../support/cli-steps.ts'

// `cutter document` reads files without a run, a store or a database. A run treats the same problems alike.

interface ScanJson {
  profile: string
  confidence: number
  bytes: number
  sha256: string
  encoding: string
  records: { kind: string; address: string | null; start: number; end: number; status: string | null }[]
  coverage: { complete: boolean; gaps: unknown[]; overlaps: unknown[] }
  problems: { code: string; message: string; line: number; column: number; start: number; severity: string }[]
}

const MINE = `
name: mine
version: "1"
extends: markdown
description: of this house
levels:
  - { name: rule, code: R, role: leaf, headings: { en: ["Canon {n}"] } }
leaves: [rule]
`

let at: CutterHome

beforeAll(() => {
  at = aCutterHome('profiles: { mine: ./mine.yaml }\ncaps: { units: 3 }\n')
  at.file('mine.yaml', MINE)
  at.file(
    'law.md',
    '# Law\n\n## Chapter I\n\n### Article 1\n\nOne.\n\n### Article 2 (repealed)\n\n### Article 4\n\nFour.',
  )
  at.file('canons.md', '# Canon 1\n\na\n\n# Canon 2\n\nb\n')
  at.file('back.md', '# Article 2\n\na\n\n# Article 1\n\nb\n')
})

afterAll(() => at.remove())

const scanned = async (...args: string[]) => at.cutter(['document', 'scan', ...args])

describe('document scan', () => {
  test('document scan prints the tree, the coverage and the problems, and leaves no trace', async () => {
    const { code, stdout } = await scanned('law.md', '--document', 'ICX')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^profile {3}markdown 2, confidence 0\.\d+ \(3 of 3 units of a known kind/m)
    expect(stdout).toMatch(/^coverage {2}complete/m)
    expect(stdout).toMatch(/^\+ ICX\/CHAPTER-1 +\d+ {2}Chapter I$/m)
    expect(stdout).toMatch(/^ {4}ICX\/ARTICLE-1 +\d+ {2}Article 1$/m)
    expect(stdout).toMatch(/^- {3}ICX\/ARTICLE-2 .*\[repealed; left out: repealed in place: repealed\]$/m)
    expect(stdout).toMatch(
      /^NUMBER_GAP {2}stops a cut unless it is accepted: --accept NUMBER_GAP\n {4}11:1 {2}number 3 is missing/m,
    )
    expect(stdout).toMatch(/^NO_FINAL_NEWLINE {2}note$/m)
    expect(existsSync(at.path('var'))).toBe(false)
    expect(readdirSync(at.home).sort()).toEqual([
      ...['.installed', 'back.md', 'canons.md', 'cutter.yaml', 'law.md', 'mine.yaml'],
    ])
  })

  test('document scan reports the records by byte offsets in JSON', async () => {
    const found = jsonOf<ScanJson>(await scanned('law.md', '--json'))
    expect(found).toMatchObject({ profile: 'markdown', encoding: 'utf-8', bytes: 88 })
    expect(found.coverage).toEqual({ complete: true, gaps: [], overlaps: [] })
    expect(found.records.map(({ kind, address }) => [kind, address])).toEqual([
      ['other', null],
      ['container', 'LAW/CHAPTER-1'],
      ['unit', 'LAW/ARTICLE-1'],
      ['excluded', 'LAW/ARTICLE-2'],
      ['unit', 'LAW/ARTICLE-4'],
    ])
    expect(found.records.at(-1)!.end).toBe(found.bytes)
    expect(found.problems.map(({ code, severity }) => [code, severity])).toContainEqual([
      'NUMBER_GAP',
      'needs-accept',
    ])
  })

  test('document scan succeeds when problems need to be accepted, and names the flag', async () => {
    const { code, stdout } = await scanned('back.md')
    expect(code).toBe(0)
    expect(stdout).toContain(
      'NUMBER_OUT_OF_ORDER  stops a cut unless it is accepted: --accept NUMBER_OUT_OF_ORDER',
    )
  })

  test('document scan prints the beginning and the end of a long document, and all of it on request', async () => {
    at.file('long.md', Array.from({ length: 500 }, (_, i) => `# Article ${i + 1}\n\nx\n\n`).join(''))
    const { stdout } = await scanned('long.md')
    expect(stdout).toContain('… 460 more records')
    expect(stdout.split('\n').length).toBeLessThan(60)
    expect((await scanned('long.md', '--all')).stdout.split('\n').length).toBeGreaterThan(500)
  })

  test('document scan --suspects lists line, text and reason of what may have been missed, and nothing else', async () => {
    at.file('missed.md', '# Bylaws\n\n## Article 1\n\nA.\n\nArticle 2\n\nB.\n\n## Article 3\n\nC.')
    const { code, stdout } = await scanned('missed.md', '--suspects')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^suspects {2}2, by lines\n\n *7 {2}HEADING_SUSPECTED \(.*\) {2}Article 2\n +"Article 2" reads/m,
    )
    expect(stdout).toMatch(/^11 {2}NUMBER_GAP \(.*\) {2}## Article 3$/m)
    expect(stdout).not.toContain('NO_FINAL_NEWLINE')
    const { suspects } = jsonOf<{ suspects: object[] }>(await scanned('missed.md', '--suspects', '--json'))
    expect(suspects[0]).toEqual({
      line: 7,
      code: 'HEADING_SUSPECTED',
      severity: 'needs-accept',
      text: 'Article 2',
      reason: expect.stringContaining('no other heading has its number'),
    })
    expect((await scanned('canons.md', '--suspects')).stdout).toMatch(/^suspects {2}none$/m)
    expect(jsonOf<object>(await scanned('missed.md', '--json'))).not.toHaveProperty('suspects')
  })

  test('document scan --expect exits 3 on any other count, and 0 on the right one', async () => {
    for (const counts of ['article=3', 'article=3,chapter=1', 'units=2']) {
      expect((await scanned('law.md', '--expect', counts)).code).toBe(0)
    }
    const { code, stdout } = await scanned('law.md', '--expect', 'article=4')
    expect(code).toBe(3)
    expect(stdout).toMatch(
      /^COUNT_UNEXPECTED {2}stops a cut\n {4}1:1 {2}4 of article are expected, and 3 were found/m,
    )
    expect((await scanned('law.md', '--expect', 'many')).code).toBe(2)
  })

  test.each([
    ['a file that is not there', ['nowhere.md'], 'there is no such file'],
    [
      'an unknown profile',
      ['law.md', '--profile', 'runes'],
      'no profile is called "runes"; known are: mine, markdown, plain',
    ],
    ['a text without units', ['prose.txt'], 'no unit to cut is found'],
    [
      'a text that fits nothing well',
      ['licence.txt'],
      'no profile fits licence well enough to be used without being named: spdx 0.2',
    ],
    ['an id that can be none', ['law.md', '--document', 'a/b'], 'document id "a/b"'],
  ])('document scan refuses %s', async (_, args, words) => {
    at.file('prose.txt', 'Only words.\n')
    at.file('licence.txt', 'Some License\n\nYou may.\n')
    const answer = await scanned(...args, '--json')
    expect(answer.code).toBe(2)
    expect(jsonOf<RunJson>(answer).error!.message).toContain(words)
    expect(answer.stderr).toMatch(/^next: ./m)
  })

  test('document scan uses a custom profile, by its name or by detection', async () => {
    for (const more of [[], ['--profile', 'mine']]) {
      const found = jsonOf<ScanJson & { profileVersion: string }>(
        await scanned('canons.md', '--json', ...more),
      )
      expect(found.records.map(({ address }) => address)).toEqual(['CANONS/R-1', 'CANONS/R-2'])
      expect(found).toMatchObject({
        profile: 'mine',
        profileVersion: expect.stringMatching(/^1\+[0-9a-f]{12}$/),
      })
    }
  })
})

describe('document profiles', () => {
  test('document profiles lists the profiles that ship and the custom ones', async () => {
    const profiles = jsonOf<
      { name: string; from: string; languages: string[]; levels: { code: string }[] }[]
    >(await at.cutter(['document', 'profiles', '--json']))
    const names = profiles.map(({ name }) => name)
    expect(names[0]).toBe('mine')
    for (const name of ['markdown', 'plain', 'html', 'numbered', 'spdx', 'constitution', 'dieu'])
      expect(names).toContain(name)
    expect(profiles.find(({ name }) => name === 'plain')!.languages).toEqual(
      expect.arrayContaining(['en', 'vi', 'de', 'fr', 'es', 'zh', 'ja', 'ko', 'ar']),
    )
    expect(profiles[0]).toMatchObject({ from: './mine.yaml', levels: [{ code: 'R' }] })
    expect((await at.cutter(['document', 'profiles'])).stdout).toMatch(/^constitution {2}2\n/m)
  })

  test('document profiles prints a profile as YAML', async () => {
    expect((await at.cutter(['document', 'profiles', 'dieu'])).stdout).toContain(
      'address: "{document}-DIEU{number}-ROOT"',
    )
    expect((await at.cutter(['document', 'profiles', 'mine'])).stdout).toBe(MINE.replace(/\n$/, '\n'))
    expect((await at.cutter(['document', 'profiles', 'runes'])).code).toBe(2)
  })

  test.each([
    ['a file that is not there', '', /profile mine \(\.\/mine\.yaml\) cannot be used: ENOENT/],
    ['a field that is not known', 'pattern: "(a+)+"\n', /Unrecognized key: "pattern"/],
    ['a level of no role', 'levels: [{ name: x, code: X, role: king }]\n', /levels\.0\.role/],
    ['another name', 'name: yours\n', /the file has the name "yours"/],
    ['a file that is not YAML', 'a: [', /cannot be used/],
  ])('document profiles refuses a custom profile with %s', async (_, text, words) => {
    const other = aCutterHome('profiles: { mine: ./mine.yaml }\n')
    try {
      if (text !== '')
        other.file('mine.yaml', text.startsWith('a:') ? text : `extends: plain\nversion: "1"\n${text}`)
      other.file('law.md', '# Article 1\n')
      const answer = await other.cutter(['document', 'scan', 'law.md'])
      expect(answer.code).toBe(2)
      expect(answer.stderr).toMatch(words)
    } finally {
      await other.remove()
    }
  })
})

describe('a cut of a document with problems', () => {
  const begin = (source: string, ...more: string[]) => start(at, { document: 'ODD', source, more })

  test('a cut stops at a problem that needs to be accepted, and lists it in the plan once it is accepted', async () => {
    await at.server()
    const stopped = jsonOf(await begin('back.md'))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    expect(stopped.stop!.next).toContain('--accept NUMBER_OUT_OF_ORDER')
    const paused = jsonOf(await begin('back.md', '--accept', 'NUMBER_OUT_OF_ORDER'))
    expect(paused).toMatchObject({ status: 'paused', gate: 'SG1' })
    const plan = JSON.parse((await at.cutter(['run', 'plan', paused.runId])).stdout)
    expect(plan.accepted).toEqual([
      {
        ...{ code: 'NUMBER_OUT_OF_ORDER', line: 5, start: 16 },
        message: 'numbers step back: "Article 1" follows "Article 2"',
      },
    ])
  })

  test('a cut stops at another count than it expects, and goes to its gate with the right one', async () => {
    await at.server()
    const stopped = jsonOf(await begin('canons.md', '--profile', 'mine', '--expect', 'rule=3'))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    expect(stopped.stop).toMatchObject({
      message: expect.stringContaining('3 of rule are expected, and 2 were found'),
      next: expect.stringContaining('cutter document scan --suspects'),
    })
    const accepted = await begin(
      'canons.md',
      '--profile',
      'mine',
      '--expect',
      'rule=3',
      '--accept',
      'COUNT_UNEXPECTED',
    )
    expect(accepted.code).toBe(2)
    const paused = jsonOf(await begin('canons.md', '--profile', 'mine', '--expect', 'rule=2'))
    expect(paused).toMatchObject({ status: 'paused', gate: 'SG1' })
    const refused = await begin('canons.md', '--profile', 'mine', '--expect', 'two rules')
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('is no count to expect')])
  })

  test('a cut with --accept has the same plan as without it when there is nothing to accept', async () => {
    await at.server()
    const [one, other] = [
      jsonOf(await begin('canons.md')),
      jsonOf(await begin('canons.md', '--accept', 'UNCLOSED_BLOCK')),
    ]
    expect(one).toMatchObject({ status: 'paused', output: { profile: 'mine', units: 2 } })
    expect(other.planDigest).toBe(one.planDigest)
  })

  test('a cut stops at the cap on units, and says how to raise it', async () => {
    await at.server()
    const stopped = jsonOf(await begin('long.md'))
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_CAP_UNITS' })
    expect(stopped.stop).toMatchObject({ message: expect.stringContaining('500 units, the cap is 3') })
    expect(stopped.stop!.next).toContain('caps.units')
  })

  test('a cut refuses to accept a problem that has to be fixed', async () => {
    const answer = await begin('back.md', '--accept', 'NUL,NUMBER_OUT_OF_ORDER')
    expect(answer.code).toBe(2)
    expect(jsonOf(answer).error!.message).toContain('NUL cannot be accepted')
    expect(answer.stderr).toContain(
      'BYTE_ORDER_MARK_INSIDE, HEADING_SUSPECTED, HEADING_TOO_LONG, NUMBERS_MISSING, NUMBER_GAP, NUMBER_OUT_OF_ORDER',
    )
  })

  test('a document with a NUL byte can be scanned, and its cut stops', async () => {
    at.file('nul.md', '# Article 1\n\na\0b\n')
    expect((await scanned('nul.md')).stdout).toContain('NUL  stops a cut\n    3:2  ')
    await at.server()
    expect(jsonOf(await begin('nul.md'))).toMatchObject({ stopCode: 'STOP_REFUSED_INPUT' })
  })
})
