import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REFUSALS } from '../../src/approvals/refusal.ts'
import { sampleOf, weakenedBuilds } from './builds.ts'
import { edited } from './edit.ts'
import { INVARIANTS } from './invariants.ts'
import { ROOT, sourceOf } from './source-tree.ts'

const builds = weakenedBuilds()
const subjects = [...Object.keys(REFUSALS), ...Object.keys(INVARIANTS)]

const of = (subject: string) => builds.filter(({ subjects }) => subjects.includes(subject))

describe('weakened builds', () => {
  test.each(subjects)('%s has a weakened build with tests that can notice it', (subject) => {
    const own = of(subject)
    expect(own.length).toBeGreaterThan(0)
    for (const { tests } of own) {
      expect(tests.length).toBeGreaterThan(0)
      expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
    }
  })

  test('each changes the text of one place', () => {
    for (const { edits } of builds) {
      const [edit, ...others] = edits
      const { text } = sourceOf(edit!.file)
      expect(others).toEqual([])
      expect(edited(text, edits)).not.toBe(text)
    }
  })

  test('a build without OTHER_PLAN takes any digest for the digest of the plan', () => {
    const [build, ...others] = of('OTHER_PLAN')
    const [{ file, start, end, text }] = build!.edits as [
      { file: string; start: number; end: number; text: string },
    ]
    expect(others).toEqual([])
    expect([sourceOf(file).text.slice(start, end), text]).toEqual([
      'statement.planDigest !== run.planDigest',
      'false',
    ])
  })

  test('a build without KEY_REVOKED still refuses signatures for other reasons', () => {
    const [build] = of('KEY_REVOKED')
    expect(build!.edits[0]!.text).toBe(
      "(!answer.ok) && signatureRefusal(approval, answer.fault, question).reason !== 'KEY_REVOKED'",
    )
  })

  test('a sample has other builds the next day, and all builds in time', () => {
    const days = Array.from({ length: builds.length }, (_, day) =>
      sampleOf(builds, 5, new Date(day * 86_400_000)),
    )
    expect(new Set(days.map(({ length }) => length))).toEqual(new Set([5]))
    expect(days[0]).not.toEqual(days[1])
    expect(new Set(days.flat()).size).toBeGreaterThan(builds.length - 6)
  })
})
