import { describe, expect, test } from 'vitest'
import { diffWords } from '../../src/document/diff/word-diff.ts'
import { scanDocument } from '../../src/document/scan.ts'
import { digestOfBytes, type Json } from '../../src/domain/json.ts'
import { planCut } from '../../src/effects/cut/plan-cut.ts'
import type { PlanReading } from '../../src/plan-page/plan-reading.ts'
import { planToMarkdown } from '../../src/plan-page/plan-to-markdown.ts'

const SURVEY = {
  server: {
    systemIdentifier: '7412',
    database: 'cutter',
    version: '15.18',
    versionNumber: 150018,
    user: 'cutter_reader',
  },
  counts: { whole: {}, document: {} },
  unreadable: [],
  surface: { functions: [], triggers: [], constraints: [], grants: [] },
  grantMatrixDigest: 'sha256:00',
  units: [],
  neighbours: [],
}

// biome-ignore lint/suspicious/noExplicitAny: the plan as JSON, of which tests change what they are about
function planOf(source: string): any {
  const bytes = Buffer.from(source)
  const found = scanDocument(bytes, { document: 'CHARTER', profile: 'markdown' })
  const plan = planCut({
    ...{
      document: 'CHARTER',
      mode: 'dry-run',
      machineVersion: '1',
      bytes,
      scan: found,
      survey: SURVEY,
      unitCap: 20_000,
    },
    ...{ inForce: [] },
  })
  return JSON.parse(JSON.stringify(plan))
}

function readingOf(source: string, more: Partial<PlanReading> = {}): PlanReading {
  return {
    ...{ runId: 'ictr-1', machine: 'cut', version: '1', gate: 'SG1', planDigest: 'sha256:aa' },
    ...{ plan: planOf(source) as Json, cut: null, source: Buffer.from(source), texts: new Map() },
    ...{ differing: diffWords, page: null, pageSize: 200, files: {}, measured: null },
    ...more,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as above
const moveOf = (action: string, { address, contentHash }: any) => ({ action, address, contentHash })

const articles = (n: number, perChapter = n) =>
  Array.from({ length: n }, (_, i) => {
    const chapter = i % perChapter === 0 && perChapter < n ? `## Chapter ${i / perChapter + 1}\n\n` : ''
    return `${chapter}### Article ${i + 1}\n\nText number ${i + 1}.\n`
  }).join('\n')

describe('the page of a cut plan', () => {
  test('names document, source, target and mode, and shows the action and the words of each unit', () => {
    const text = planToMarkdown(
      readingOf('# Charter\n\n## Article 1\n\nAll water is shared.\n\n## Article 2 (repealed)\n\nGone.\n'),
    )
    expect(text).toContain('# Cut of `CHARTER`')
    expect(text).toContain('| target | database `cutter` of server `7412`, PostgreSQL 15 |')
    expect(text).toContain('| `create` | 1 | a new unit, written as a draft |')
    expect(text).toContain('| `create` | `CHARTER/ARTICLE-1` | Article 1 | All water is shared. |')
    expect(text).toMatch(/\| Article 2 \(repealed\) \| .*repealed.* \| \d+ \|/)
    expect(text).toContain('The target holds no unit of this document.')
    expect(text).toContain('before the commit: ROLLBACK')
  })

  test('escapes Markdown in the text, and shows invisible characters', () => {
    const text = planToMarkdown(
      readingOf('## Article 1 | <b>\n\nA `code` \u202eback\u202c [x](y) | *z* \u0007\n'),
    )
    expect(text).toContain('A \\`code\\` U+202EbackU+202C \\[x\\](y) \\| \\*z\\* U+0007')
    expect(text).toContain('Article 1 \\| \\<b\\>')
  })

  test('shows the first and the last words of a long text', () => {
    const text = planToMarkdown(
      readingOf(`## Article 1\n\nIn the beginning ${'words '.repeat(200)}at the very end.\n`),
    )
    expect(text).toMatch(/\| In the beginning words [^|]*… [^|]*at the very end\. \|/)
  })

  test('groups 10,000 units by container with totals, and lists any page of them', () => {
    const source = articles(10_000, 400)
    const reading = readingOf(source)
    const grouped = planToMarkdown(reading)
    expect(grouped).toContain('10 000 units are too many')
    expect(grouped).toContain('| **all** | **10 000** |')
    expect(grouped.split('\n').length).toBeLessThan(150)
    expect(grouped).toContain('`CHARTER/ARTICLE-1` Article 1: Text number 1.')
    expect(grouped).toContain('`CHARTER/ARTICLE-10000` Article 10000: Text number 10000.')

    const seen = [1, 2, 50].map((page) =>
      planToMarkdown({ ...reading, page }).match(/`CHARTER\/ARTICLE-\d+`(?= \| Article)/g),
    )
    expect(seen.map((addresses) => [addresses?.length, addresses?.[0], addresses?.at(-1)])).toEqual([
      [200, '`CHARTER/ARTICLE-1`', '`CHARTER/ARTICLE-200`'],
      [200, '`CHARTER/ARTICLE-201`', '`CHARTER/ARTICLE-400`'],
      [200, '`CHARTER/ARTICLE-9801`', '`CHARTER/ARTICLE-10000`'],
    ])
  }, 30_000)

  test('stays short when each unit has its own container', () => {
    expect(planToMarkdown(readingOf(articles(2_000, 1))).split('\n').length).toBeLessThan(100)
  })

  test('shows a re-cut word by word, with endings, replacements and unknown actions', () => {
    const source =
      '## Article 1\n\nThe court has sixteen judges, each for twelve years.\n\n## Article 2\n\nNew.\n'
    const before = '## Article 1\n\nThe court has eight judges, each for twelve years.\n\n'
    const plan = planOf(source)
    const oldHash = digestOfBytes(Buffer.from(before))
    Object.assign(plan.actions[0], {
      action: 'amend',
      oldContentHash: oldHash,
      change: 'amended',
      from: ['CHARTER/ARTICLE-1'],
    })
    Object.assign(plan.actions[1], {
      action: 'transmute',
      oldContentHash: null,
      change: 'renumbered',
      from: ['CHARTER/ARTICLE-7'],
    })
    plan.endings = [
      {
        action: 'retire',
        address: 'CHARTER/ARTICLE-7',
        contentHash: 'sha256:bb',
        successors: ['CHARTER/ARTICLE-2'],
      },
    ]
    plan.aliases = [{ kind: 'rename', aliasAddress: 'CHARTER/ARTICLE-7', address: 'CHARTER/ARTICLE-2' }]
    const texts = new Map([
      [oldHash, before],
      ['sha256:bb', '## Article 7\n\nOld words.\n'],
    ])
    const text = planToMarkdown(readingOf(source, { plan, texts }))
    expect(text).toContain('The court has ~~eight~~ **sixteen** judges, each for twelve years.')
    expect(text).toContain('renumbered, was `CHARTER/ARTICLE-7`')
    expect(text).toContain('| `transmute` | 1 |  |')
    expect(text).toMatch(/\| `CHARTER\/ARTICLE-7` \| `retire` \| `CHARTER\/ARTICLE-2` \| .*Old words\. \|/)
    expect(text).toContain('| `CHARTER/ARTICLE-7` | `CHARTER/ARTICLE-2` | `rename` |')
  })

  test('says of a unit that gets a blank line alone that only white space differs', () => {
    const source = '## Article 1\n\nPorts are open.\n\n## Article 2\n\nNew.\n'
    const before = '## Article 1\n\nPorts are open.\n'
    const plan = planOf(source)
    const oldContentHash = digestOfBytes(Buffer.from(before))
    Object.assign(plan.actions[0], { action: 'amend', oldContentHash, change: 'amended', from: [] })
    const text = planToMarkdown(readingOf(source, { plan, texts: new Map([[oldContentHash, before]]) }))
    expect(text).toContain('> only white space differs')
  })

  test('a page of a re-cut has the words of all its changes, however many they are', () => {
    const source = articles(450)
    const plan = planOf(source)
    for (const unit of plan.actions) Object.assign(unit, { action: 'amend', oldContentHash: 'sha256:old' })
    const texts = new Map([['sha256:old', 'Before.']])
    const reading = readingOf(source, { plan, texts, pageSize: 400 })
    const shown = (page: number | null) => planToMarkdown({ ...reading, page }).match(/~~Before/g)?.length
    expect([shown(null), shown(1), shown(2)]).toEqual([200, 400, 50])
  })

  test('shows the new text of a number whose former text moved to another one, without striking that out', () => {
    const source = '## Article 1\n\nPorts are open.\n\n## Article 1a\n\nThe court has eight judges.\n'
    const before = '## Article 1\n\nThe court has eight judges.\n'
    const plan = planOf(source)
    const oldContentHash = digestOfBytes(Buffer.from(before))
    Object.assign(plan.actions[0], { action: 'amend', oldContentHash, change: 'added', from: [] })
    Object.assign(plan.actions[1], { change: 'renumbered', from: ['CHARTER/ARTICLE-1'] })
    plan.aliases = [{ kind: 'rename', aliasAddress: 'CHARTER/ARTICLE-1', address: 'CHARTER/ARTICLE-1A' }]
    const text = planToMarkdown(readingOf(source, { plan, texts: new Map([[oldContentHash, before]]) }))
    expect(text).toContain('added; the text that had this number stands at `CHARTER/ARTICLE-1A` now')
    expect(text).toContain('> Ports are open.')
    expect(text).not.toContain('~~court')
  })

  test('lists accepted problems', () => {
    const plan = planOf('## Article 1\n\na\n')
    plan.accepted = [{ code: 'NUMBER_GAP', message: 'numbers 2 to 3 are missing', line: 9, start: 80 }]
    expect(planToMarkdown(readingOf('## Article 1\n\na\n', { plan }))).toContain(
      '| `NUMBER_GAP` | 9 | numbers 2 to 3 are missing |',
    )
  })
})

describe('the page of another plan', () => {
  test('shows what comes into force, with the words of the units', () => {
    const source = '## Article 1\n\nAll water is shared.\n'
    const cut = planOf(source)
    const plan = {
      ...{
        type: 'cutter.plan.lifecycle/v1',
        machineVersion: '1',
        mode: 'live',
        document: 'CHARTER',
        target: cut.target,
      },
      sourceVersionId: 'sv-1',
      actions: [
        {
          action: 'enact',
          address: 'CHARTER/ARTICLE-1',
          versionSeq: 1,
          contentHash: 'sha256:cc',
          from: 'draft',
          to: 'enacted',
        },
      ],
      expected: { surface: cut.expected.surface },
      rollback: { beforeCommit: 'ROLLBACK', afterCommit: 'forward only' },
    }
    const text = planToMarkdown(readingOf(source, { plan, cut, gate: 'SG2' }))
    expect(text).toContain('# `CHARTER` comes into force')
    expect(text).toContain('This can’t be taken back')
    expect(text).not.toContain('How it is taken back')
    expect(text).toMatch(
      /## Until when it can be stopped\n\n- before the commit: .*\n- after it: forward only/,
    )
    expect(text).toContain(
      '| `enact` | `CHARTER/ARTICLE-1` | Article 1 | 1 | `draft` | `enacted` | All water is shared. |',
    )
  })

  test('shows at the second gate what an amendment changes, word by word', () => {
    const source = [1, 2, 3, 4]
      .map((n) => `## Article ${n}\n\nTools are lent for ${n + 6} days.\n`)
      .join('\n')
    const cut = planOf(source)
    const texts = new Map<string, string>()
    const version = (n: number) => {
      const text = `## Article ${n}\n\nTools are lent for sixty days.\n`
      const contentHash = digestOfBytes(Buffer.from(text))
      texts.set(contentHash, text)
      return { versionSeq: 1, contentHash }
    }
    const [first, second, third, fourth] = cut.actions
    const coming = { versionSeq: 2, from: 'draft', to: 'enacted' }
    const plan = {
      ...{ type: 'cutter.plan.lifecycle/v1', mode: 'live', document: 'CHARTER', target: cut.target },
      sourceVersionId: 'sv-1',
      actions: [
        { ...moveOf('supersede', first), ...coming, replaces: { ...version(1), to: 'superseded' } },
        { ...moveOf('revive', second), ...coming, after: { ...version(2), status: 'retired' } },
        { ...moveOf('enact', third), ...coming },
        // The plan names another text than the cut: what the cut has is not what comes into force.
        {
          ...moveOf('supersede', fourth),
          ...coming,
          contentHash: 'sha256:other',
          replaces: { ...version(4), to: 'superseded' },
        },
        { action: 'retire', address: 'CHARTER/ARTICLE-7', to: 'retired', from: 'enacted', ...version(7) },
      ],
      ...{ expected: {}, rollback: {} },
    }
    const given = { plan, cut, texts, gate: 'SG2' }
    const text = planToMarkdown(readingOf(source, given))
    expect(text).toContain('## What changes in the text in force')
    expect(text).toContain('Article 1 Tools are lent for ~~sixty~~ **7** days.')
    expect(text).toContain('Article 2 Tools are lent for ~~sixty~~ **8** days.')
    expect(text).toContain('> Tools are lent for 9 days.')
    expect(text).toMatch(/no difference is shown: `CHARTER\/ARTICLE-4`/)
    expect(text).not.toContain('**10** days')
    expect(text).toMatch(/`CHARTER\/ARTICLE-7` .* Tools are lent for sixty days\. \|/)
    // Without the text before, the page says that it can show no difference.
    const blind = planToMarkdown(readingOf(source, { ...given, texts: new Map() }))
    expect(blind.match(/Not both texts of this unit are among the evidence/g)).toHaveLength(2)
  })

  test('shows every field of the plan of any other machine', () => {
    const plan = {
      action: 'replace',
      file: '/etc/key|s',
      steps: [{ do: 'move', n: 1 }, { do: 'link' }],
      limits: { hours: 2 },
    }
    const text = planToMarkdown(
      readingOf('## Article 1\n\na\n', { plan, machine: 'rotate-keys', gate: null }),
    )
    expect(text).toContain('# Plan of machine `rotate-keys`')
    expect(text).toContain('| file | /etc/key\\|s |')
    expect(text).toContain('| do | n |\n| --- | --- |\n| move | 1 |\n| link | – |')
    expect(text).toContain('- hours: 2')
  })

  test('shows commands as a shell reads them, each script with its arguments', () => {
    const commands = [
      { id: 'move', argv: ['sh', '-c', 'cd -- "$1"\nmv -T -- a "$2"', 'move', '/srv/it’s here', 'b```'] },
      { id: 'check *', argv: ['python3', '-c', "print('\u202e')"] },
    ]
    const text = planToMarkdown(
      readingOf('## Article 1\n\na\n', { plan: { commands }, machine: 'any', gate: null }),
    )
    const script = 'cd -- "$1"\nmv -T -- a "$2"\n# $0 = move\n# $1 = /srv/it’s here\n# $2 = b```'
    expect(text).toContain(`1. move\n\n\`\`\`\`sh\n${script}\n\`\`\`\`\n`)
    expect(text).toContain("2. check \\*\n\n```sh\npython3 -c 'print('\\''\\u{202e}'\\'')'\n```\n")
  })
})

test.for([
  ['house@1+9c844785c4d6', 'no longer as `house@1+9c844785c4d6`'],
  ['unknown', 'no longer as its last cut read it, by a profile that is not known here'],
])('the page of a plan that reads a text in another way names %s', ([was, words]) => {
  const source = '## Article 1\n\na\n'
  const plan = { ...planOf(source), reading: { was, now: 'markdown@2:article' } }
  const page = planToMarkdown(readingOf(source, { plan }))
  expect(page).toContain('This plan reads the document in another way')
  expect(page).toContain(words)
})
