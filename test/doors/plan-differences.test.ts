import { parseFragment } from 'parse5'
import { describe, expect, test } from 'vitest'
import { planSource } from '../../src/app/plan-source.ts'
import { renderLine } from '../../src/cli/line.ts'
import { linesOfReview } from '../../src/cli/run/review-lines.ts'
import type { HistoryEntry } from '../../src/domain/history-entry.ts'
import { canonicalJson, digestOfBytes, type Json } from '../../src/domain/json.ts'
import type { DifferentPart } from '../../src/domain/plan-difference.ts'
import { visible } from '../../src/domain/visible.ts'
import { describePair, listPlanPairs } from '../../src/reports/changed-plans.ts'
import { makeRunPage } from '../../src/reports/make-run-page.ts'
import { PAGE_ANSWERS } from '../../src/service/answers/page-answers.ts'
import type { RunReview } from '../../src/service/runs/review.ts'
import { PLAN_PAIRS, type PlanPairCase } from '../support/plan-pairs.ts'
import { plantedLines, plantOne } from '../support/planted-text.ts'

const AT = '2026-11-29T11:00:00.000Z'
const FOUND = `unit LAW/ARTICLE-1 has another text: sha256:${'a'.repeat(64)}`

const bytesOf = (plan: Json) => Buffer.from(canonicalJson(plan))

/** The history of a run that came to its gate with one plan, and again with another. */
function historyOf({ before, after }: Pick<PlanPairCase, 'before' | 'after'>): HistoryEntry[] {
  const arrivalWith = (seq: number, plan: Json) => ({
    ...{
      seq,
      at: AT,
      by: 'engine',
      state: 'AWAITING',
      status: 'paused',
      snapshotDigest: '',
      previousHash: '',
    },
    hash: '',
    event: {
      type: 'xstate.done.actor.recheck',
      arrival: { gate: 'SG1', planDigest: digestOfBytes(bytesOf(plan)) },
      ...(seq === 3 ? { output: { report: { recheck: { differences: [FOUND] } } } } : {}),
    },
  })
  return [arrivalWith(2, before), arrivalWith(3, after)] as unknown as HistoryEntry[]
}

function sourceOf({ before, after, evidence }: Omit<PlanPairCase, 'machine' | 'reads'>) {
  const kept = new Map(
    [bytesOf(before), bytesOf(after), ...evidence].map((bytes) => [digestOfBytes(bytes), bytes]),
  )
  return planSource(async (digest) => kept.get(digest) ?? null)
}

const changesOf = async (given: PlanPairCase) => {
  const [pair] = listPlanPairs(historyOf(given))
  return { ...pair!, parts: (await describePair(pair!, sourceOf(given)))! }
}

const pageOf = (given: PlanPairCase) =>
  makeRunPage({
    genesis: { runId: 'r', machine: 'cut', mode: 'live', input: {} },
    run: { output: {}, status: 'paused', seq: 3, head: '' },
    history: historyOf(given),
    approvals: [],
    ...sourceOf(given),
  } as unknown as Parameters<typeof makeRunPage>[0])

async function reviewLines(given: PlanPairCase): Promise<string[]> {
  const review = {
    ...{ differences: [], world: null, refusals: [], ahead: [], signed: [], may: [], need: 0 },
    ...{ plan: '', readyApproval: null, isFinal: false, changes: await changesOf(given) },
    run: { runId: 'r', about: '', status: 'paused', machine: 'cut', output: {} },
  }
  return linesOfReview(review as unknown as RunReview, null).map((line) => renderLine(line, false))
}

type Read = { [part: string]: string[] }

/** What a person reads at each door: the lines of each part. Words that go stand in `[-…-]`, and words that come in `{+…+}`. */
const DOORS: { door: string; read(given: PlanPairCase): Promise<Read> }[] = [
  {
    door: 'run report --html',
    async read(given) {
      const page = await pageOf(given)
      const read: Read = {}
      for (const [, part, list] of page.matchAll(/<h4>(.*?)<\/h4>\n<ul>\n(.*?)\n<\/ul>/gs))
        read[textOf(part!)] = list!
          .split('\n')
          .map((line) => textOf(line).replace(/^(added|removed|changed): /, '$1 : '))
      return read
    },
  },
  {
    door: 'run review',
    async read(given) {
      const read: Read = {}
      let part: string[] = []
      for (const line of await reviewLines(given)) {
        const [label, text] = [line.slice(0, 8).trim(), line.slice(8)]
        if (label === 'part') read[text] = part = []
        else if (['added', 'removed', 'changed', ''].includes(label))
          part.push(`${label} ${text.startsWith('{+') ? ': ' : ''}${text}`)
      }
      return read
    },
  },
  {
    door: 'the page of the service',
    async read(given) {
      const { from, to, fromSeq, because, parts } = await changesOf(given)
      const answer = { from, to, fromSeq, because, parts }
      const { schema } = PAGE_ANSWERS['plan-changes']!
      const read = schema.parse(answer) as { parts: DifferentPart[] }
      return Object.fromEntries(read.parts.map(({ part, differences }) => [part, differences.map(lineOf)]))
    },
  },
]

const MARKS = { same: ['', ''], removed: ['[-', '-]'], added: ['{+', '+}'] } as const

const lineOf = ({ how, what, words }: DifferentPart['differences'][number]) =>
  visible(`${how} ${what}: ${words.map(({ kind, text }) => MARKS[kind].join(text)).join('')}`)

// biome-ignore lint/suspicious/noExplicitAny: nodes of parse5
type Node = any

/** The text of HTML. */
function textOf(html: string): string {
  const inText = (node: Node): string => {
    const inner = (node.childNodes ?? []).map(inText).join('')
    if (node.nodeName === 'del') return `[-${inner}-]`
    return node.nodeName === 'ins' ? `{+${inner}+}` : (node.value ?? inner)
  }
  return inText(parseFragment(html))
}

const cases = DOORS.flatMap(({ door, read }) => PLAN_PAIRS.map((given) => ({ door, read, given, ...given })))

describe('the differences of two plans', () => {
  test.each(cases)('of $machine are sentences at $door', async ({ given, read, reads }) => {
    const found = await read(given)
    for (const [part, lines] of Object.entries(reads))
      for (const line of lines)
        expect(found[part]?.join('\n'), `${part}: ${Object.keys(found)}`).toContain(line)
    const all = Object.values(found).flat()
    expect(all.join('\n')).not.toMatch(/[0-9a-f]{32}|\[object|undefined|":|[\u200b\u202e]/)
    if (given.machine !== 'own') expect(Object.keys(found)).not.toContain('The plan')
  })

  // The pages of the service show each text by their one component for texts of others.
  test.each(PLAN_PAIRS)('of $machine make no line and no tag of a text of others', async (given) => {
    for (const { path, planted } of plantOne(given.after)) {
      const tried = { ...given, after: planted }
      const lines = (await reviewLines(tried)).join('\n')
      expect(plantedLines(lines), path).toEqual([])
      const page = await pageOf(tried)
      expect(page, path).not.toMatch(/<b>|[\p{Cf}\p{Zl}\p{Zp}]/u)
    }
  })

  test('name what the last check found, with digests by their first characters', async () => {
    const [pair] = listPlanPairs(historyOf(PLAN_PAIRS[0]!))
    expect(pair!.because).toEqual([`unit LAW/ARTICLE-1 has another text: sha256:${'a'.repeat(12)}…`])
  })
})
