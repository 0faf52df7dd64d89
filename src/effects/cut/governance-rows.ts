import type { Approval } from '../../domain/approval.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { digestOf } from '../../domain/json.ts'
import type { Sql } from '../../targets/target.ts'

/**
 * Returns the approval under which the run passed its last gate.
 *
 * @throws Stop STOP_INTERNAL when there is none.
 */
export async function requireApproval(context: EffectContext): Promise<Approval> {
  const approval = await context.approval()
  if (approval !== null) return approval
  throw new Stop('STOP_INTERNAL', `run ${context.runId} passed its gate without an approval`)
}

/** Builds the row for a signed statement, which is the review. Its approver is the reviewer. */
export function buildReviewRow(
  approval: Approval,
  reviewDecisionId: string,
  event: 'cut' | 'enact' | 'lifecycle',
  envelopeId: string,
) {
  const { statement, kind } = approval
  return {
    review_decision_id: reviewDecisionId,
    governance_event_kind: event,
    manifest_id: envelopeId,
    verdict: statement.decision,
    findings: {
      planDigest: statement.planDigest,
      statementDigest: digestOf(statement),
      approvalId: approval.approvalId,
      reason: statement.reason,
    },
    // By the statement alone. Only the owner of allowed_signers knows whether a person or a program holds the key.
    reviewer_class: kind === 'signed' ? 'human' : 'program',
    reviewer_identity: statement.approver,
    decision_at: statement.issuedAt,
    decided_by: statement.approver,
  }
}

/** Inserts rows given as objects. Other columns keep their defaults. Table and columns are constants of this code. */
export async function insertRows(sql: Sql, table: string, rows: object[]): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first).join(', ')
  await sql.query(
    `insert into ${table} (${columns}) select ${columns} from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
    [JSON.stringify(rows)],
  )
}
