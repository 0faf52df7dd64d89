import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linesOfDiff } from '../../src/cli/document/diff-lines.ts'
import { renderLine } from '../../src/cli/line.ts'
import { diffDocuments } from '../../src/document/diff/diff-documents.ts'
import { scanDocument } from '../../src/document/scan.ts'
import { findChangedWords } from '../../src/service/documents/changed-words.ts'
import { articles, sentences } from '../support/articles.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'

let at: CutterHome
beforeAll(() => {
  at = aCutterHome()
})
afterAll(() => at.remove())

interface DiffJson {
  changes: {
    change: string
    address: string
    newAddress: string | null
    oldSha256: string
    newSha256: string
  }[]
  other: { removed: string[]; added: string[] }[]
  places: string[]
}

const diff = (before: string, after: string, ...more: string[]) =>
  at.cutter(['document', 'diff', before, after, ...more])

describe('cutter document diff', () => {
  const before = articles(['1', sentences(1)], ['2', 'The old word stands.'], ['3', sentences(3)])
  const after = articles(['1', sentences(1)], ['2', 'The new word stands.'], ['4', sentences(4)])

  beforeAll(() => {
    at.file('old.md', before)
    at.file('new.md', after.replace('# Charter', '# Charter of 2012'))
  })

  test('document diff reports the change of each unit and the lines outside of units', async () => {
    const answer = await diff('old.md', 'new.md', '--json', '--document', 'CHARTER')
    expect(answer.code).toBe(0)
    const { changes, other } = jsonOf<DiffJson>(answer)
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    const at1 = 'CHARTER/ARTICLE-1'
    expect(changes).toEqual([
      { change: 'unchanged', address: at1, newAddress: at1, oldSha256: hash, newSha256: hash },
      expect.objectContaining({ change: 'amended', newAddress: 'CHARTER/ARTICLE-2' }),
      expect.objectContaining({ change: 'added', newAddress: 'CHARTER/ARTICLE-4', oldSha256: null }),
      expect.objectContaining({
        change: 'repealed',
        address: 'CHARTER/ARTICLE-3',
        newAddress: null,
        newSha256: null,
      }),
    ])
    expect(other).toEqual([{ removed: ['# Charter'], added: ['# Charter of 2012'] }])
  })

  test('document diff marks the differing words with signs when the output has no colours', async () => {
    const { stdout } = await diff('old.md', 'new.md')
    expect(stdout).toContain('4 units: 1 unchanged, 1 amended, 1 added, 1 repealed')
    expect(stdout).toContain('amended    OLD/ARTICLE-2\n')
    expect(stdout).toContain('The [-old-]{+new+} word stands.')
    expect(stdout).not.toContain('\u001b')
  })

  test('document diff marks the differing words with colours on a terminal', () => {
    const [old, now] = [before, after].map((words) => {
      const bytes = Buffer.from(words)
      return { bytes, scan: scanDocument(bytes, { document: 'CHARTER' }) }
    })
    const compared = { diff: diffDocuments(old!, now!), old: old!, new: now! }
    const lines = linesOfDiff(compared.diff, findChangedWords(compared))
    expect(lines.map((line) => renderLine(line, true))).toContain(
      '    The \u001b[31mold\u001b[39m\u001b[32mnew\u001b[39m word stands.',
    )
  })

  test('document diff names a unit that stands below another heading with the same words', async () => {
    const [one, two] = ['### Article 1\n\nOne port.\n', '### Article 2\n\nTwo dogs.\n']
    at.file('parts.md', `## Part 1\n\n${one}\n${two}\n## Part 2\n\n### Article 3\n\nThree cats.\n`)
    at.file('moved.md', `## Part 1\n\n${one}\n## Part 2\n\n${two}\n### Article 3\n\nThree cats.\n`)
    const { stdout } = await diff('parts.md', 'moved.md')
    expect(stdout).toContain('3 units: 3 unchanged')
    expect(stdout).toContain('below another heading, with the same words: PARTS/ARTICLE-2')
    const { places } = jsonOf<DiffJson>(await diff('parts.md', 'moved.md', '--json'))
    expect(places).toEqual(['PARTS/ARTICLE-2'])
  })

  test('document diff says of the last article, which gets a blank line, that only white space differs', async () => {
    at.file('one.md', '## Article 1\n\nOne port.\n')
    at.file('two.md', '## Article 1\n\nOne port.\n\n## Article 2\n\nTwo dogs.\n')
    const { stdout } = await diff('one.md', 'two.md')
    expect(stdout).toContain('amended    ONE/ARTICLE-1\n    only white space differs\n')
  })

  test('document diff leaves nothing in the folder, and refuses a file that it cannot read', async () => {
    const answer = await diff('old.md', 'missing.md', '--json')
    expect(answer.code).toBe(2)
    expect(jsonOf<{ error: ErrorJson }>(answer).error.message).toContain('missing.md')
    expect(readdirSync(at.home)).not.toContain('var')
  })
})

const documents = join(import.meta.dirname, '../../../shared/documents')
const missing = !existsSync(documents)
if (missing) console.log('skipped "real amendments": ../shared/documents is not there')

test.skipIf(missing)(
  'document diff tells apart the articles of the French constitution that share a number',
  async () => {
    const [a, b] = ['a-2009-03-01', 'b-2009-12-01'].map((name) =>
      join(documents, `fr-constitution-1958-${name}.md`),
    )
    const { changes } = jsonOf<DiffJson>(await diff(a!, b!, '--json', '--document', 'FR'))
    const numbers = (kind: string) =>
      new Set(changes.filter(({ change }) => change === kind).map(({ newAddress }) => newAddress!.slice(11)))
    expect(numbers('amended')).toEqual(new Set(['88-1', '88-2', '88-4', '88-5']))
    expect(numbers('added')).toEqual(new Set(['88-6', '88-7']))
  },
)
