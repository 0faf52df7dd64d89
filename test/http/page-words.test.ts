import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadBuiltins } from '../../src/builtin/registry.ts'
import { STOP_CODES } from '../../src/domain/stop-codes.ts'
import { adviceWords } from '../../src/http/page/client/advice.ts'
import { labelWords, phasesOf } from '../../src/http/page/client/chart-words.ts'
import { tell } from '../../src/http/page/client/entries.ts'
import { evidenceWords, isEvidenceExplained } from '../../src/http/page/client/evidence-words.ts'
import { blocksOf } from '../../src/http/page/client/headings.ts'
import { chartGraph } from '../../src/machine/chart-graph.ts'

describe('advice on the page', () => {
  test.each([
    [
      'fix the source, then start another run; or, if numbers restart in each part, start another run with --profile markdown-nested (this one can be cancelled)',
      'fix the source, then start another run; or, if numbers restart in each part, start another run with the option “profile: markdown-nested” (this one can be cancelled)',
    ],
    [
      'choose another way to read it with --profile (akn, html)',
      'choose another way to read it with the option “profile” (akn, html)',
    ],
    [
      'start another run with --accept NUMBER_GAP,UNIT_EMPTY',
      'start another run with the option “accept: NUMBER_GAP,UNIT_EMPTY”',
    ],
    ['wait for it, then: cutter run resume <run>', 'wait for it, then: resume the run'],
    [
      'restore it, or cutter run cancel cut-20260301T090000Z-9d485227 --reason …',
      'restore it, or cancel the run',
    ],
    ['Run `cutter hold off`. Then resume.', 'Run switch the hold off. Then resume.'],
    ['cutter target init main --apply', 'cutter target init main --apply'],
    ['a dash -- and a rule --- stay', 'a dash -- and a rule --- stay'],
  ])('%j is %j', (advice, words) => {
    expect(adviceWords(advice)).toBe(words)
  })

  test('of a code names no option by itself', () => {
    const spoken = Object.values(STOP_CODES).map(({ next }) => adviceWords(next))
    expect(spoken.filter((words) => / --[a-z]/.test(words) && !words.includes('cutter '))).toEqual([])
  })
})

describe('words for what a machine did', () => {
  const entry = (type: string) =>
    ({ seq: 2, at: '', event: { type }, by: 'engine', state: 'A', status: 'working', hash: '' }) as const

  test('stand before the name of a phase', () => {
    expect(tell(entry('xstate.done.actor.recheck_cut'), 'cut')).toMatchObject({
      text: 'Compares database and document with the plan once more',
      phase: 'recheck_cut',
    })
    expect(tell(entry('xstate.error.actor.mark'), 'cut')).toMatchObject({
      text: 'Divides the document into units: stopped',
    })
    expect(tell(entry('xstate.done.actor.swap_keys'), 'rotate')).toMatchObject({ text: 'Swap keys' })
  })

  test('explain each phase that a chart draws', async () => {
    for (const { definition } of await loadBuiltins()) {
      const labels = chartGraph(definition).edges.map(({ label }) => label)
      const named = labels.filter((label) => /^[a-z_]+$/.test(label))
      expect(phasesOf(definition.name, labels).map(({ name }) => name)).toEqual([...new Set(named)])
      expect(labels.map(labelWords).filter((label) => /_|^[A-Z]+$/.test(label))).toEqual([])
    }
  })

  test('name each piece of evidence of a shipped machine', () => {
    const folder = join(import.meta.dirname, '../../src/effects')
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(join(folder, file), 'utf8').matchAll(
          /\b(?:json|bytes)Evidence\(\s*['`]([^'`]+)['`]/g,
        ),
      ])
      .map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(40)
    expect(names.filter((name) => !isEvidenceExplained(name))).toEqual([])
    expect(['plan/SG1', 'survey/before', 'keys_old'].map(evidenceWords)).toEqual([
      'Plan for gate SG1',
      'What the target held: before the change',
      'keys old',
    ])
  })
})

test('a text has headings without their marks, and loses nothing else', () => {
  const text = '### Article 1\n\nIt says # 5.\n#hashtag\n##  Note  \r\nEnd'
  expect(blocksOf(text)).toEqual([
    { text: 'Article 1', mark: '###' },
    { text: '\nIt says # 5.\n#hashtag\n', mark: null },
    { text: 'Note  ', mark: '##' },
    { text: 'End', mark: null },
  ])
})
