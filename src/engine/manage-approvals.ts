import { composeRehearsal, parseApproval } from '../approvals/import-approval.ts'
import { judgeApproval, type Refusal } from '../approvals/judge-approval.ts'
import { findSigningKey, signText, verifySignature } from '../approvals/openssh/verify-signature.ts'
import { composeStatement, namespaceOf, parseStatement, statementText } from '../approvals/statement.ts'
import type { Approval, Decision } from '../domain/approval.ts'
import { CutterError, tamperedRunError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { assertSameDefinition } from '../machine/assert-definition.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { loadRun } from './load-run.ts'
import { readOperators } from './operators.ts'
import { readPolicyAt } from './record-policy.ts'

export interface StatementOptions {
  /** The principal who approves. */
  as: string
  decision: Decision
  reason: string
}

/** An approval that was kept, and what will be said against it when it is brought to its gate as things are now. */
export interface KeptApproval {
  approval: Approval
  warning: Refusal | null
}

/** The exact bytes to sign for a decision on the plan at which the run waits. */
export async function composeStatementText(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions,
): Promise<string> {
  return statementText(composeStatement(await statementInput(deps, await loadRun(deps, runId), options)))
}

/** Signs with the caller's own key, here and now, and keeps the approval. */
export async function signApproval(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions & { keyFile: string },
): Promise<KeptApproval> {
  const text = await composeStatementText(deps, runId, options)
  const { machine, gate } = parseStatement(text)
  const signature = await signText({ text, keyFile: options.keyFile, namespace: namespaceOf(machine, gate) })
  const approval = parseApproval({ text, signature, clock: deps.clock })
  await deps.store.saveApproval(approval)
  return { approval, warning: await warningFor(deps, await loadRun(deps, runId), approval) }
}

/** Keeps what was signed elsewhere. A signature that does not vouch for the statement is refused and not kept. */
export async function importApproval(
  deps: EngineDeps,
  text: string,
  signature: string,
): Promise<KeptApproval> {
  const approval = parseApproval({ text, signature, clock: deps.clock })
  const { approver, reason, nonce } = approval.statement
  assertNoSecretWords(deps, { approver, reason, nonce })
  const run = await loadRun(deps, approval.statement.runId)
  const earlier = await deps.store.approval(approval.approvalId)
  if (earlier !== null && (earlier.signature === approval.signature || (await isSettled(deps, run, earlier))))
    return { approval: earlier, warning: await warningFor(deps, run, earlier) }
  const fault = await faultOf(deps, approval)
  if (fault !== null) {
    throw new CutterError(
      'APPROVAL_REFUSED',
      `the statement for run ${run.runId} was not imported: ${fault.message}`,
      {
        ...(fault.next === undefined ? {} : { next: fault.next }),
        data: { runId: run.runId, approvalId: approval.approvalId, reason: fault.reason },
      },
    )
  }
  refuseFromTheFuture(run, approval)
  // A good signature stays: a run may be going on under it at this moment.
  if (earlier?.kind === 'signed' && (await faultOf(deps, earlier)) === null)
    return { approval: earlier, warning: await warningFor(deps, run, earlier) }
  await deps.store.saveApproval(approval)
  return { approval, warning: await warningFor(deps, run, approval) }
}

/** What a decision counted, and what a closed run leaves, is evidence by now: its signature stays the one that it is. */
async function isSettled({ store }: EngineDeps, run: Run, { approvalId }: Approval): Promise<boolean> {
  if (run.status === 'closed') return true
  const history = await store.history(run.runId)
  return history.some(({ event }) => JSON.stringify(event.counted ?? null).includes(approvalId))
}

/** Its signer has seen an entry that this history never came to: not the statement is to be doubted, but the store. */
function refuseFromTheFuture(run: Run, { approvalId, statement }: Approval): void {
  const { seq, historyHead } = statement
  if (seq <= run.seq) return
  const named = `approval ${approvalId} names entry ${seq} with hash ${historyHead}, which is not in its history`
  throw tamperedRunError(run.runId, `the store is an older copy, or was rewritten: ${named}`)
}

/** All that the gate would say now but for who brings the approval there, which is not known yet; and nothing is recorded. */
async function warningFor(deps: EngineDeps, run: Run, approval: Approval): Promise<Refusal | null> {
  const { policy, trust } = await readPolicyAt(deps, run)
  const operators = await readOperators(deps, run)
  const others = await deps.store.approvals(run.runId)
  const now = deps.clock.now()
  return (await judgeApproval({ run, approval, operators, now, trust, policy, others })).refusal
}

/** Makes a label for a dry run, which vouches for nothing and grants nothing. */
export async function rehearseApproval(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions,
): Promise<Approval> {
  const run = await loadRun(deps, runId)
  const approval = composeRehearsal(await statementInput(deps, run, options))
  await deps.store.saveApproval(approval)
  return approval
}

async function statementInput(deps: EngineDeps, run: Run, { as, decision, reason }: StatementOptions) {
  assertNoSecretWords(deps, { '--as': as, '--reason': reason })
  const { validHours } = deps.policy(run.machine, run.gate ?? '')
  const { machine } = await deps.installed(run.machine)
  // What is signed for another definition counts no more once the run is upgraded.
  if (run.status !== 'closed') assertSameDefinition(machine, run)
  const { reviewGates = [] } = machine
  const review =
    run.gate !== null && reviewGates.includes(run.gate) ? { reviewDecisionId: `rd-${deps.nonce()}` } : {}
  return {
    run,
    approver: as,
    decision,
    reason,
    clock: deps.clock,
    nonce: deps.nonce(),
    validHours,
    ...review,
  }
}

async function faultOf(deps: EngineDeps, approval: Approval) {
  const { statement, statementText: text, signature } = approval
  const namespace = namespaceOf(statement.machine, statement.gate)
  const signed = { text, signature: signature!, namespace }
  if ((await findSigningKey(signed)) === null) {
    return {
      reason: 'SIGNATURE_INVALID',
      message: `it is no signature of these bytes for ${namespace}`,
      next: undefined,
    }
  }
  const answer = await verifySignature({
    ...signed,
    ...deps.trust,
    principal: statement.approver,
    at: deps.clock.now(),
  })
  return answer.ok ? null : answer
}
