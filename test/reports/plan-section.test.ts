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
