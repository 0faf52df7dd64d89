import { expect, it } from 'vitest'
import type { Run } from '../../src/domain/run.ts'
import { planInWords } from '../../src/reports/plan-section.ts'

const words = (plan: Parameters<typeof planInWords>[1]) =>
  planInWords({ mode: 'live' } as Run, plan)
    .map(String)
    .join('\n')

it.each([
  [{ steps: ['rename'] }, 'Once approved, it does what this plan says.'],
  [{ actions: 'rename' }, 'Once approved, it does what this plan says.'],
  [{ actions: [] }, 'Once approved, it has no action left to do.'],
  [{ actions: [{ action: 'rename' }] }, 'Once approved, it does **1** thing: 1 × `rename`.'],
])('a plan %j does not claim more than it lists', (plan, sentence) => {
  expect(words(plan)).toContain(sentence)
})

it('a plan shows what it does and ends before what it keeps, however much that is', () => {
  const keep = Array.from({ length: 30 }, (_, i) => ({ action: 'keep', address: `A-${i + 1}` }))
  const plan = {
    actions: [...keep, { action: 'amend', address: 'A-31' }],
    endings: [{ action: 'retire', address: 'A-32' }],
  }
  const text = words(plan)
  expect(text).toContain(
    'does **2** things: 1 × `amend`, 1 × `retire`. It leaves **30** as they are (`keep`).',
  )
  expect(text).toMatch(/`amend` \| `A-31` \|\n\| `retire` \| `A-32` \|\n\| `keep` \| `A-1` \|/)
  expect(words({ actions: keep })).toContain('it has no action left to do. It leaves **30** as they are')
  expect(words({ actions: [], endings: 'none' })).toContain('`endings`')
})
