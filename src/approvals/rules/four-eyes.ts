import type { Approval } from '../../domain/approval.ts'
import { isSameName } from '../../domain/person-names.ts'
import { nameInLine } from '../../domain/visible.ts'
import { type ApprovalCase, listCaseOperators, type Vouched } from '../approval-case.ts'
import { computeFingerprint, parseAllowedSigners } from '../openssh/allowed-signers.ts'
import { matchesList } from '../openssh/openssh-patterns.ts'
import { findOtherNamesOfKey } from '../openssh/verify-signature.ts'
import { type Refusal, refusalOf, signCommand } from '../refusal.ts'
import { findSamePeople } from '../same-person.ts'
import { readSignersText } from '../trust-files.ts'
import { signatureQuestionOf } from './signer.ts'

/**
 * Four eyes: in a live run nobody approves a run that they operate. Finds the operator behind an approval by name, by key, also in a
 * certificate, and by the names that share keys in allowed_signers.
 */
export async function findFourEyesRefusal(
  subject: ApprovalCase,
  vouched: Vouched | null,
): Promise<Refusal | null> {
  const { run, approval, policy } = subject
  if (run.mode !== 'live' || policy.fourEyes === false) return null
  const byName = findOperatorByName(subject)
  if (byName !== null || approval.kind === 'rehearsal' || vouched === null) return byName
  return (await findOperatorByKey(subject, approval, vouched)) ?? findOperatorByOtherKey(subject, vouched)
}

function findOperatorByName(subject: ApprovalCase): Refusal | null {
  const { run, approval } = subject
  const { approver } = approval.statement
  if (!listCaseOperators(subject).some((name) => isSameName(name, approver))) return null
  return operatorsOwnRefusal(approval, `${nameInLine(approver)} operates run ${run.runId}`)
}

/** A second name for the operator's key is still the operator, and so is a certificate of that key. */
async function findOperatorByKey(
  subject: ApprovalCase,
  approval: Approval & { kind: 'signed' },
  { fingerprint }: Vouched,
): Promise<Refusal | null> {
  const question = signatureQuestionOf(subject, approval)
  const operators = listCaseOperators(subject)
  const own = parseAllowedSigners(await readSignersText(subject.trust)).filter(
    ({ key }) => computeFingerprint(key) === fingerprint,
  )
  const operator =
    operators.find((name) => own.some(({ principals }) => matchesList(principals, name))) ??
    (await findOtherNamesOfKey(question, operators))[0]
  if (operator === undefined) return null
  return operatorsOwnRefusal(
    approval,
    `the signing key is also listed for ${nameInLine(operator)}, who operates run ${subject.run.runId}`,
  )
}

/** A second key of the operator, under a second name that shares the first key, is still the operator. */
async function findOperatorByOtherKey(subject: ApprovalCase, vouched: Vouched): Promise<Refusal | null> {
  const { run, approval, trust } = subject
  const { approver } = approval.statement
  const isSamePerson = findSamePeople(await readSignersText(trust), [vouched])
  const operator = listCaseOperators(subject).find((name) => isSamePerson(name, approver))
  if (operator === undefined) return null
  return operatorsOwnRefusal(
    approval,
    `the file of signers shows ${nameInLine(approver)} and ${nameInLine(operator)}, who operates run ${run.runId}, as one person`,
  )
}

function operatorsOwnRefusal(approval: Approval, why: string): Refusal {
  return refusalOf('OPERATORS_OWN', approval, {
    detail: `${why}. A live run needs the approval of another person`,
    next: `have someone else sign: ${signCommand(approval.statement)}`,
  })
}
