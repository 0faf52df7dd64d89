import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { findSignerWindow, type SignerWindow } from '../../approvals/signer-window.ts'
import { gatePolicyOf } from '../../config/gate-policy.ts'
import type { Approval, Statement } from '../../domain/approval.ts'
import { listGateDecisions, listReachedGates } from '../../domain/decisions.ts'
import { noSuchApprovalError } from '../../domain/errors.ts'
import { isInScope } from '../access/scope.ts'
import {
  type ApprovalAnswer,
  approvalAnswer,
  type ListedApproval,
  listedApproval,
} from './approval-answer.ts'

export interface ShownApproval extends ListedApproval {
  statement: Statement
  /** The exact bytes that were signed. */
  statementText: string
  /** OpenSSH's armored signature; null for a rehearsal. */
  signature: string | null
}

/**
 * Shows one approval with its statement and signature. It is what `--json` prints.
 * @throws APPROVAL_NOT_FOUND
 */
export async function showApproval(
  home: Home,
  { approvalId }: { approvalId: string },
): Promise<ShownApproval> {
  const { store } = home
  const approval = await store.approval(approvalId)
  if (approval === null || !isInScope(home, approval.statement)) throw noSuchApprovalError(approvalId)
  const { statement, statementText, signature } = approval
  const history = await store.history(statement.runId)
  const decisions = listGateDecisions(history)
  const reached = listReachedGates(history)
  const config = await home.config()
  const policyAt = (machine: string, gate: string) => gatePolicyOf(config, machine, gate, reached)
  return {
    ...listedApproval(approval, decisions),
    ...withSignerWindow(approvalAnswer(approval, policyAt), await windowOf(home, approval)),
    statement,
    statementText,
    signature,
  }
}

/** The times of the lines of allowed_signers that admit the signature. A file that cannot be read admits nobody, and names no time. */
async function windowOf(home: Home, { signature, statement }: Approval): Promise<SignerWindow> {
  const nothing = { from: null, until: null }
  if (signature === null) return nothing
  const { approvals } = await home.config()
  const text = await readFile(resolve(home.folder, approvals.allowedSigners), 'utf8').catch(() => null)
  return text === null ? nothing : findSignerWindow(text, statement, signature)
}

function withSignerWindow(answer: ApprovalAnswer, { from, until }: SignerWindow): ApprovalAnswer {
  const { countsUntil } = answer
  const isSooner =
    until !== null && (countsUntil === undefined || Date.parse(until) < Date.parse(countsUntil))
  const ends = isSooner ? { countsUntil: until, endsBySigners: true } : {}
  return { ...answer, ...(from === null ? {} : { countsFrom: from }), ...ends }
}
