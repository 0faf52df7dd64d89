import { composeStatement, type StatementInput } from '../approvals/compose-statement.ts'
import { composeRehearsal, parseApproval } from '../approvals/import-approval.ts'
import { judgeApproval } from '../approvals/judge-approval.ts'
import { signText } from '../approvals/openssh/sign-text.ts'
import { verifySignature } from '../approvals/openssh/verify-signature.ts'
import type { Refusal, RefusalReason } from '../approvals/refusal.ts'
import { describeSignatureFault, type SignatureFaultText } from '../approvals/rules/signature-refusals.ts'
import { signatureQuestionOf } from '../approvals/rules/signer.ts'
import { namespaceOf, parseStatement, statementText } from '../approvals/statement.ts'
import type { Approval, Decision, Statement } from '../domain/approval.ts'
import { CutterError, tamperedRunError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { nameInLine } from '../domain/visible.ts'
import { assertSameDefinition } from '../machine/assert-definition.ts'
import { assertNoSecretWords } from './check-secrets.ts'
import type { EngineDeps } from './engine-deps.ts'
import { loadRun } from './load-run.ts'
import { readOperators } from './operators.ts'
import { prepareAbandonment } from './prepare-abandonment.ts'
import { readGatePolicy, readPolicyAt } from './record-policy.ts'
import { timeFor } from './step-time.ts'
import { withWayOut } from './way-out.ts'

/** The parts of a statement that a person gives. */
export interface StatementOptions {
  /** The principal who approves. */
  as: string
  decision: Decision
  reason: string
  /** The digest of what the person was shown. Another one is not signed. */
  shown?: string | null
}

/** An approval that was saved, and the refusal that it would get at its gate now. */
export interface KeptApproval {
  approval: Approval
  warning: Refusal | null
}

/**
 * Composes the exact text to sign for a decision on the plan at which a run waits.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 * @throws APPROVAL_REFUSED when the run does not wait at a gate, or not with the plan that was shown
 * @throws MACHINE_CHANGED when the run must be upgraded first
 * @throws INPUT_REFUSED, USAGE when a field cannot be part of a statement
 */
export async function composeStatementText(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions,
): Promise<string> {
  const run = await loadRun(deps, runId, loadOptionsOf(options))
  const statement = composeStatement(await statementInputOf(deps, run, options))
  if (options.shown != null && options.shown !== statement.planDigest)
    throw movedError(statement, options.shown)
  return statementText(statement)
}

/** APPROVAL_REFUSED because the run moved while somebody read its plan. */
function movedError({ runId, planDigest }: Statement, shown: string): CutterError {
  return new CutterError(
    'APPROVAL_REFUSED',
    `run ${runId} has moved: the plan that was shown is ${shown}, and now it would be ${planDigest}; nothing was signed`,
    { next: 'give the command again, and read the plan that it shows', data: { runId } },
  )
}

/**
 * Signs a decision with the caller's own key, and saves the approval.
 * @throws what `composeStatementText` throws, and INPUT_REFUSED when the key does not sign
 */
export async function signApproval(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions & { keyFile: string },
): Promise<KeptApproval> {
  const text = await composeStatementText(deps, runId, options)
  const { machine, gate } = parseStatement(text)
  const signature = await signText({
    text,
    keyFile: options.keyFile,
    namespace: namespaceOf(machine, gate),
    tools: deps.trust.tools,
  })
  return saveWithWarning(
    deps,
    await loadRun(deps, runId, loadOptionsOf(options)),
    parseApproval({ text, signature, clock: deps.clock }),
  )
}

/**
 * Imports a statement that was signed elsewhere. The same signature again changes nothing. Another signature of the same statement is judged
 * like a first one; it takes the place of the earlier one if the gate would judge it better.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED
 * @throws INPUT_REFUSED when the statement or the armor cannot be read
 * @throws APPROVAL_REFUSED when the signature does not count, or is another one than a decision or a closed run has; nothing is saved
 */
export async function importApproval(
  deps: EngineDeps,
  text: string,
  signature: string,
): Promise<KeptApproval> {
  const approval = parseApproval({ text, signature, clock: deps.clock })
  const { approver, reason, nonce } = approval.statement
  assertNoSecretWords(deps, { approver, reason, nonce })
  const run = await loadRun(deps, approval.statement.runId, loadOptionsOf(approval.statement))
  const earlier = await deps.store.approval(approval.approvalId)
  if (earlier !== null && earlier.signature === approval.signature)
    return { approval: earlier, warning: await findWarning(deps, run, earlier) }
  const fault = await findSignatureFault(deps, approval)
  if (fault !== null) throw notImportedError(approval, fault)
  if (earlier !== null) await assertNotSettled(deps, run, earlier)
  assertKnownArrival(run, approval)
  const kept = earlier === null ? null : await findBetterSignature(deps, run, earlier, approval)
  return kept ?? saveWithWarning(deps, run, approval)
}

/**
 * The earlier signature of a statement, if it is as good as another one. A run may continue under one that counts at this moment. One that the
 * gate refuses gives way to one that it would not refuse for the same reason, such as that nobody touched the key.
 */
async function findBetterSignature(
  deps: EngineDeps,
  run: Run,
  earlier: Approval,
  other: Approval,
): Promise<KeptApproval | null> {
  if (earlier.kind !== 'signed' || (await findSignatureFault(deps, earlier)) !== null) return null
  const warning = await findWarning(deps, run, earlier)
  if (warning === null) return { approval: earlier, warning }
  const otherwise = await findWarning(deps, run, other)
  return otherwise?.reason === warning.reason ? { approval: earlier, warning } : null
}

/**
 * Makes and saves a rehearsal: an approval of a dry run, without a signature.
 * @throws what `composeStatementText` throws, APPROVAL_REFUSED for a live run, and USAGE for a name of several words
 */
export async function rehearseApproval(
  deps: EngineDeps,
  runId: string,
  options: StatementOptions,
): Promise<Approval> {
  const run = await loadRun(deps, runId, loadOptionsOf(options))
  // Secrets are looked for first, because the message about a name shows it.
  const input = await statementInputOf(deps, run, options)
  assertOneWord(options.as)
  const approval = composeRehearsal(input)
  await keep(deps, approval)
  return approval
}

const loadOptionsOf = ({ decision }: { decision: Decision }) => ({ acceptsLost: decision === 'abandon' })

/** A principal of OpenSSH is one word. Nobody vouches for the name of a rehearsal, so it may not look like a sentence of Cutter either. */
function assertOneWord(name: string): void {
  if (/^[^\s",]{1,100}$/u.test(name)) return
  throw new CutterError(
    'USAGE',
    `--as names an approver by one word of at most 100 characters, and ${nameInLine(name)} is none; nothing was changed`,
    { next: 'name a principal, such as alice@example.org' },
  )
}

async function keep({ store, onApprovalSaved }: EngineDeps, approval: Approval): Promise<void> {
  await store.saveApproval(approval)
  onApprovalSaved?.()
}

async function saveWithWarning(deps: EngineDeps, run: Run, approval: Approval): Promise<KeptApproval> {
  await keep(deps, approval)
  return { approval, warning: await findWarning(deps, run, approval) }
}

/**
 * Checks that another signature may take the place of an earlier one. The signature that a decision counted, and every signature of a closed
 * run, is evidence and does not change.
 * @throws APPROVAL_REFUSED as ALREADY_USED or RUN_CLOSED
 */
async function assertNotSettled({ store }: EngineDeps, run: Run, earlier: Approval): Promise<void> {
  const { runId } = run
  const { approvalId } = earlier
  const history = await store.history(runId)
  const isCounted = history.some(({ event }) => JSON.stringify(event.counted ?? null).includes(approvalId))
  if (!isCounted && run.status !== 'closed') return
  const why = isCounted ? `approval ${approvalId} was already used` : `run ${runId} is closed`
  throw notImportedError(earlier, {
    reason: isCounted ? 'ALREADY_USED' : 'RUN_CLOSED',
    detail: `${why}, and its signature is evidence: this is another signature of the same statement`,
    next: `see what the run did: cutter run show ${runId}`,
  })
}

/** Why a signature is not kept. `detail` is a sentence. */
type NotImported = Omit<SignatureFaultText, 'reason'> & { reason: RefusalReason }

function notImportedError({ approvalId, statement }: Approval, why: NotImported): CutterError {
  const { reason, detail, next } = why
  const { runId } = statement
  return new CutterError('APPROVAL_REFUSED', `the statement for run ${runId} was not imported: ${detail}`, {
    next,
    data: { runId, approvalId, reason },
  })
}

/** The signer saw the entry that the statement names. If this history never reached it, the store is wrong, and not the statement. */
function assertKnownArrival(run: Run, { approvalId, statement }: Approval): void {
  const { seq, historyHead } = statement
  if (seq <= run.seq) return
  const named = `approval ${approvalId} names entry ${seq} with hash ${historyHead}, which is not in its history`
  throw tamperedRunError(run.runId, `the store is an older copy, or was rewritten: ${named}`)
}

/** Finds the refusal that the gate would give now. Nothing is recorded, and the operator who will resume is not known yet. */
async function findWarning(deps: EngineDeps, whose: Run, approval: Approval): Promise<Refusal | null> {
  const run = await standingFor(deps, whose, approval.statement.decision)
  const { policy, trust } = await readPolicyAt(deps, run)
  const operators = await readOperators(deps, run)
  const others = await deps.store.approvals(run.runId)
  const now = timeFor(deps, run)
  const subject = { run, approval, operators, now, trust, policy, others, isForecast: true }
  return (await judgeApproval(subject)).refusal
}

async function statementInputOf(
  deps: EngineDeps,
  whose: Run,
  { as, decision, reason }: StatementOptions,
): Promise<StatementInput> {
  assertNoSecretWords(deps, { '--as': as, '--reason': reason })
  const run = await standingFor(deps, whose, decision)
  const { validHours } = await readGatePolicy(deps, run)
  const isReviewed = decision !== 'abandon' && (await needsReview(deps, run))
  const review = isReviewed ? { reviewDecisionId: `rd-${deps.nonce()}` } : {}
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

/** The run as a decision finds it: at its gate, or, for `abandon`, wherever it is. */
async function standingFor(deps: EngineDeps, run: Run, decision: Decision): Promise<Run> {
  return decision === 'abandon' ? (await prepareAbandonment(deps, run)).run : run
}

/** An approval that is signed for another definition does not count after the upgrade of the run. */
async function needsReview(deps: EngineDeps, run: Run): Promise<boolean> {
  const { machine } = await deps.installed(run.machine, run)
  if (run.status !== 'closed') await withWayOut(deps, run, () => assertSameDefinition(machine, run))
  return run.gate !== null && (machine.reviewGates ?? []).includes(run.gate)
}

async function findSignatureFault(deps: EngineDeps, approval: Approval): Promise<SignatureFaultText | null> {
  if (approval.kind !== 'signed') return null
  const question = signatureQuestionOf({ trust: deps.trust, now: deps.clock.now() }, approval)
  const answer = await verifySignature(question, { mayReuse: true })
  return answer.ok ? null : describeSignatureFault(answer.fault, question)
}
