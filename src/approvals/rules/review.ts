import { shellQuote } from '../../domain/shell-quote.ts'
import type { ApprovalCase } from '../approval-case.ts'
import { type Refusal, refusalOf } from '../refusal.ts'

/**
 * Finds why the review decision of a statement does not fit. Some gates ask for one. Its id stands for one decision, so it may belong
 * neither to another approval nor to a review that a phase records itself (`rd-ap-…`).
 */
export async function findReviewRefusal(subject: ApprovalCase): Promise<Refusal | null> {
  const { run, approval, reviewGates = [], findApprovalsOfReview } = subject
  const { gate, decision, approver, reviewDecisionId: id } = approval.statement
  const next = `compose the statement again: cutter approval statement ${approval.statement.runId} --as ${shellQuote(approver)}`
  if (id === undefined) {
    if (decision !== 'approve' || gate !== run.gate || !reviewGates.includes(gate)) return null
    return refusalOf('REVIEW_MISSING', approval, { detail: `gate ${gate} asks for one`, next })
  }
  if (findApprovalsOfReview === undefined) return null
  const naming = await findApprovalsOfReview(id)
  const others = naming.filter(({ approvalId }) => approvalId !== approval.approvalId)
  if (!id.startsWith('rd-ap-') && others.length === 0) return null
  return refusalOf('REVIEW_USED', approval, { detail: id, next })
}
