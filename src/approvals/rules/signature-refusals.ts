import type { Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { nameInLine } from '../../domain/visible.ts'
import type { ApprovalCase } from '../approval-case.ts'
import type { SignatureFault, SignatureQuestion } from '../openssh/verify-signature.ts'
import { nextApprovalCommand, type Refusal, refusalOf, signCommand } from '../refusal.ts'
import type { Trust } from '../trust-files.ts'
import { describeWaysOut } from './ways-out.ts'

type Asked = Pick<SignatureQuestion, 'namespace' | 'allowedSigners' | 'principal' | 'at'>

type SignatureReason = 'SIGNATURE_INVALID' | 'SIGNER_NOT_ALLOWED' | 'KEY_REVOKED' | 'SIGNER_NOT_VALID_THEN'

/** The words for a signature that proves nothing. `detail` is a sentence without the approval's id. */
export interface SignatureFaultText {
  reason: SignatureReason
  detail: string
  next: string
}

/** Builds the refusal of an approval from the fault of its signature. */
export function signatureRefusal(approval: Approval, fault: SignatureFault, asked: Asked): Refusal {
  const { reason, ...words } = describeSignatureFault(fault, asked)
  return refusalOf(reason, approval, words)
}

/** Describes why a signature proves nothing, and what the people concerned can do about it. */
export function describeSignatureFault(fault: SignatureFault, asked: Asked): SignatureFaultText {
  const { namespace, allowedSigners, principal, at } = asked
  switch (fault.kind) {
    case 'not-of-this-text':
      return {
        reason: 'SIGNATURE_INVALID',
        detail:
          `the signature does not match this statement and namespace ${namespace}: the statement was changed ` +
          'after it was signed, or signed for another namespace, or the signature is damaged',
        next: `sign the printed bytes as they are: ssh-keygen -Y sign -f <key> -n ${namespace} <statement>`,
      }
    case 'no-allowed-signers':
      return {
        reason: 'SIGNER_NOT_ALLOWED',
        detail: `there is no readable file of allowed signers at ${allowedSigners}, so nobody's signature counts`,
        next: `have its owner make it, one line for each approver: ${describeLine(asked)}`,
      }
    case 'not-listed':
      return describeNotListed(fault, asked)
    case 'no-revoked-keys':
      return {
        reason: 'KEY_REVOKED',
        detail: `the revoked keys at ${fault.revokedKeys} can't be read, so every key counts as revoked`,
        next: `restore that file; if no key was ever revoked, an empty one will do: touch ${shellQuote(fault.revokedKeys)}`,
      }
    case 'revoked':
      return {
        reason: 'KEY_REVOKED',
        detail:
          `the ${fault.key.keyType} key ${fault.key.fingerprint} is revoked by ${fault.revokedKeys}, ` +
          'or that file is neither a KRL nor a list of public keys, which revokes every key',
        next: 'sign with a key that is not revoked',
      }
    case 'not-valid-then':
      return {
        reason: 'SIGNER_NOT_VALID_THEN',
        detail:
          `${allowedSigners} lists the ${fault.key.keyType} key ${fault.key.fingerprint} for ${nameInLine(principal)}, ` +
          `but its valid-after or valid-before there, taken as UTC, excludes ${at.toISOString()}`,
        next: `sign with a key of ${nameInLine(principal)} that is valid, or have the owner of that file extend the line`,
      }
  }
}

function describeNotListed(
  { key, listedFor }: SignatureFault & { kind: 'not-listed' },
  asked: Asked,
): SignatureFaultText {
  const { principal, namespace, allowedSigners } = asked
  const listing =
    listedFor.length === 0 ? 'it lists that key for nobody' : `it lists that key for ${listedFor.join(', ')}`
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    detail:
      `${allowedSigners} does not let ${nameInLine(principal)} sign with the ${key.keyType} key ${key.fingerprint} ` +
      `in namespace ${namespace}: ${listing}`,
    next: `sign with a key that is listed for ${nameInLine(principal)}, or have the owner of that file add ${describeLine(asked)}`,
  }
}

/** The command that adds the line of a person. None for a name that OpenSSH would take for a pattern or a list, because it would admit others. */
function describeLine({ principal, namespace, allowedSigners }: Asked): string {
  if (!/^[^\s\p{C}*?!,"#\\]+$/u.test(principal)) return 'a line that has an exact name, without a pattern'
  const line = `${principal} namespaces="${namespace}" `
  return `their line: (printf '%s' ${shellQuote(line)}; cut -d' ' -f1,2 <key>.pub) >> ${shellQuote(allowedSigners)}`
}

/** SIGNATURE_INVALID for a stored row whose statement is not the signed text. */
export function otherStatementRefusal({ run, approval }: ApprovalCase): Refusal {
  return refusalOf('SIGNATURE_INVALID', approval, {
    detail: 'it is stored with a statement other than the text that was signed',
    next: nextApprovalCommand(run, approval),
  })
}

/** SIGNER_NOT_ALLOWED for an approver whom the policy of the gate does not name. */
export function notNamedByPolicyRefusal({ run, approval, policy }: ApprovalCase): Refusal {
  const { approver, gate } = approval.statement
  const named = policy.of?.join(', ') || 'nobody'
  return refusalOf('SIGNER_NOT_ALLOWED', approval, {
    detail: `it is by ${nameInLine(approver)}, but the policy of ${run.machine}.${gate} names ${named}`,
    next: `have one of them sign: ${signCommand(approval.statement)}`,
  })
}

/** SIGNER_NOT_ALLOWED for the instance's own key, which lies where operators work and has no passphrase. */
export function instanceKeyRefusal({ run, approval }: ApprovalCase): Refusal {
  return refusalOf('SIGNER_NOT_ALLOWED', approval, {
    detail:
      'it is signed with the key of this instance of Cutter, which signs closeouts and approves nothing',
    next: nextApprovalCommand(run, approval),
  })
}

/** WILDCARD_PRINCIPAL: a live run must know the name of its approver. */
export function wildcardRefusal({ run, approval, trust }: ApprovalCase): Refusal {
  const { approver } = approval.statement
  return refusalOf('WILDCARD_PRINCIPAL', approval, {
    detail: `${trust.allowedSigners} lists ${nameInLine(approver)} by a pattern only, and live run ${run.runId} must know who signed`,
    next: 'have the owner of that file list each approver by an exact name, on a line of its own; then a listed person signs as that name',
  })
}

/** SIGNER_NOT_ALLOWED for a gate at which nobody may approve now. `isReadable` tells whether allowed_signers can be read. */
export function noApproverRefusal(run: Run, trust: Trust, isReadable: boolean): Refusal {
  const { runId, machine, gate } = run
  const { allowedSigners } = trust
  return {
    reason: 'SIGNER_NOT_ALLOWED',
    message: isReadable
      ? `nobody may approve run ${runId} at ${machine}.${gate} now`
      : `there is no readable file of allowed signers at ${allowedSigners}, so nobody's signature counts`,
    next: describeWaysOut(run, trust, false),
  }
}
