import { describe, expect, test } from 'vitest'
import { composeRehearsal } from '../../../src/approvals/import-approval.ts'
import { findReviewRefusal } from '../../../src/approvals/rules/review.ts'
import type { Approval, Decision } from '../../../src/domain/approval.ts'
import { aRun } from '../../support/run-fixture.ts'

const run = aRun()
const decided = (decision: Decision, review: { reviewDecisionId?: string } = {}) => {
  const clock = { now: () => new Date('2026-03-01T12:00:00.000Z') }
  const by = { approver: 'alice@example.org', reason: '', nonce: `${decision} ${review.reviewDecisionId}` }
  return composeRehearsal({ run, decision, clock, validHours: 24, ...by, ...review })
}

const reasonFor = async (approval: Approval, reviewGates: string[], naming: Approval[] = []) => {
  const rest = { operators: [], now: new Date(), trust: { allowedSigners: '' }, policy: { validHours: 24 } }
  const findApprovalsOfReview = async () => naming
  const refusal = await findReviewRefusal({ run, approval, reviewGates, findApprovalsOfReview, ...rest })
  return refusal?.reason ?? null
}

describe('findReviewRefusal', () => {
  const without = decided('approve')
  const withReview = decided('approve', { reviewDecisionId: 'rd-1' })

  test('refuses an approval without a review as REVIEW_MISSING, only at a gate that asks for one', async () => {
    expect(await reasonFor(without, [run.gate!])).toBe('REVIEW_MISSING')
    expect(await reasonFor(without, ['another gate'])).toBeNull()
    expect(await reasonFor(decided('reject'), [run.gate!])).toBeNull()
  })

  test('accepts a review that no other approval names', async () => {
    expect(await reasonFor(withReview, [run.gate!], [withReview])).toBeNull()
  })

  test('refuses a review of another approval, or one that a phase records itself, as REVIEW_USED', async () => {
    const other = decided('reject', { reviewDecisionId: 'rd-1' })
    expect(await reasonFor(withReview, [run.gate!], [withReview, other])).toBe('REVIEW_USED')
    const ofPhase = decided('approve', { reviewDecisionId: 'rd-ap-1' })
    expect(await reasonFor(ofPhase, [run.gate!], [ofPhase])).toBe('REVIEW_USED')
  })
})
