import { describe, expect, test } from 'vitest'
import { diffWords } from '../../src/document/diff/word-diff.ts'
import type { Json } from '../../src/domain/json.ts'
import { visible } from '../../src/domain/visible.ts'
import { describePlanDifferences } from '../../src/plan-page/describe-differences.ts'
import { PLAN_PAIRS } from '../support/plan-pairs.ts'

const differencesOf = (before: Json, after: Json) =>
  describePlanDifferences(before, after, { evidence: async () => null, differing: diffWords })

/** A copy of a value for each of its plain values, in which that one is another. */
function* changeOne(value: Json): Generator<{ path: string; changed: Json }> {
  if (value === null) return
  if (typeof value !== 'object') {
    const changed = { number: Number(value) + 1, boolean: !value }[typeof value as string] ?? `${value} x`
    yield { path: '', changed }
    return
  }
  for (const [key, item] of Object.entries(value))
    for (const { path, changed } of changeOne(item)) {
      const copy = structuredClone(value) as { [key: string]: Json }
      copy[key] = changed
      yield { path: `${Array.isArray(value) ? '[]' : key} ${path}`.trim(), changed: copy }
    }
}

describe('the differences of two plans', () => {
  // What follows from another field of the plan, and what decides which plan it is, is shown by its place.
  test.each(PLAN_PAIRS)('of $machine name every value that changes', async ({ before }) => {
    const byPlace = new Set<string>()
    for (const { path, changed } of changeOne(before)) {
      const parts = await differencesOf(before, changed)
      expect(parts.flatMap(({ differences }) => differences).length, path).toBeGreaterThan(0)
      if (parts[0]!.part === 'The plan') byPlace.add(path)
    }
    for (const path of byPlace)
      expect(path).toMatch(
        /(^|\s)(type|sha256|line|start|end|sortOrder|unit|contentHash|title)$|^(steps|keys|limit)\b/,
      )
  })

  test('are bounded, with a count of the rest', async () => {
    const words = (sign: string) => `${sign} `.repeat(100_000)
    const many = (sign: string) => ({
      rows: Array.from({ length: 500 }, (_, id) => ({ id, text: words(sign) })),
    })
    const [part] = await differencesOf(many('a'), many('b'))
    expect([part!.differences.length, part!.more]).toEqual([50, 450])
    expect(JSON.stringify(part).length).toBeLessThan(60_000)
  })

  test('of long values show where they differ', async () => {
    const long = 'x'.repeat(2_000)
    const [part] = await differencesOf({ value: `${long}1` }, { value: `${long}2` })
    expect(part!.differences[0]!.words).toEqual([
      { kind: 'removed', text: `…${'x'.repeat(20)}1` },
      { kind: 'same', text: ' → ' },
      { kind: 'added', text: `…${'x'.repeat(20)}2` },
    ])
  })

  test.each([
    ['digests that begin alike', `${'a'.repeat(63)}1`, `${'a'.repeat(63)}2`],
    ['values of two types', 1, '1'],
    ['an empty text and its word', '', 'empty'],
    ['blanks', 'a b', 'a  b'],
    ['a line end', 'a\nb', 'a\r\nb'],
    ['a blank that does not break', 'a b', 'a\u00a0b'],
    ['null and a missing field', null, undefined],
  ])('of %s look different', async (_, before, after) => {
    const plan = (value: Json | undefined) => (value === undefined ? {} : { value })
    const [part] = await differencesOf(plan(before as Json), plan(after as Json))
    const { how, words } = part!.differences[0]!
    const textOf = (kind: string) =>
      words.flatMap((one) => (one.kind === kind ? visible(one.text) : [])).join('')
    expect([how !== 'changed', textOf('removed') !== textOf('added')]).toContain(true)
    expect(words.map(({ text }) => visible(text)).join('')).not.toMatch(/[^\S ]/u)
  })

  test('of a field that is named like the prototype are named', async () => {
    const plan = (value: string) => JSON.parse(`{"__proto__": {"a": "${value}"}}`) as Json
    const [part] = await differencesOf(plan('one'), plan('two'))
    expect(part!.differences[0]!.what).toBe('__proto__ › a')
  })
})
