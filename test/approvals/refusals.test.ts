import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REFUSALS, type RefusalReason, refusalOf } from '../../src/approvals/refusal.ts'
import { STOP_CODES } from '../../src/domain/stop-codes.ts'

const rules = join(import.meta.dirname, '../../src/approvals/rules')
const reasons = Object.keys(REFUSALS) as RefusalReason[]

describe('REFUSALS', () => {
  const sources = readdirSync(rules).map((name) => readFileSync(join(rules, name), 'utf8'))

  test.each(reasons)('%s is produced by one file of rules/', (reason) => {
    expect(sources.filter((text) => text.includes(`'${reason}'`))).toHaveLength(1)
  })

  test('no rule produces a reason that is not listed', () => {
    const used = sources.flatMap((text) => [...text.matchAll(/'([A-Z]+_[A-Z_]+)'/g)].map(([, code]) => code))
    const unlisted = used.filter((code) => !reasons.includes(code as RefusalReason))
    expect(unlisted.filter((code) => !code!.startsWith('STOP_'))).toEqual([])
  })

  test.each(reasons)('%s has a sentence without unfilled places', (reason) => {
    const { message, next } = refusalOf(
      reason,
      { runId: 'ictr-1', approvalId: 'ap-1' },
      { detail: 'because', next: 'sign' },
    )
    expect([message, next]).toEqual([expect.stringMatching(/^(?!.*[{}]).*: because$/), 'sign'])
  })
})

test.each(Object.entries({ ...REFUSALS, ...STOP_CODES }))('%s has a meaning and a next step', (_, words) => {
  expect(words.meaning).toMatch(/^\S.*\.$/)
  expect(words.next).toMatch(/^\S.*\.$/)
})
