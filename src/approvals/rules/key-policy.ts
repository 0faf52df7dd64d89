import type { ApprovalCase, Vouched } from '../approval-case.ts'
import type { KeyPolicy } from '../approval-policy.ts'
import { readSecurityKeyUse, type SecurityKeyUse } from '../openssh/security-key.ts'
import { nextApprovalCommand, type Refusal, refusalOf } from '../refusal.ts'

/** Why the policy of a gate does not take the key of a signature, in the words of a refusal. */
export interface KeyFault {
  reason: 'USER_NOT_PRESENT' | 'USER_NOT_VERIFIED' | 'ORIGIN_NOT_ALLOWED' | 'RP_ID_NOT_ALLOWED'
  /** A clause without the approval's id and the gate's name. */
  detail: string
  /** What the approver does in addition to signing again. */
  advice: string
}

/**
 * Finds why a verified signature does not fulfil what a policy asks of keys: presence, verification, web origin, RP id, in this order. The
 * facts stand in the signature itself, so a checker with only the signature and the policy comes to the same answer.
 */
export function findKeyFault(
  { signature, keyType }: { signature: string } & Pick<Vouched, 'keyType'>,
  policy: KeyPolicy,
): KeyFault | null {
  const use = readSecurityKeyUse(signature)
  if (use === null) return findPlainKeyFault(keyType, policy)
  if (use === 'unreadable')
    return absent(`the part of the signature that shows it has an unknown form (${keyType} key)`, TOUCH)
  return (
    findPresenceFault(use, policy) ??
    findPageFault(use, policy.origins ?? []) ??
    findRpIdFault(use, policy.rpIds)
  )
}

/** Builds the refusal of an approval whose key does not fulfil the policy of the gate. */
export function keyRefusal({ run, approval }: ApprovalCase, { reason, detail, advice }: KeyFault): Refusal {
  return refusalOf(reason, approval, {
    detail: `${detail} (policy of ${run.machine}.${run.gate})`,
    next: `${advice}: ${nextApprovalCommand(run, approval)}`,
  })
}

const TOUCH = 'touch the key when it blinks'
const SECURITY_KEY = 'sign with a security key, such as one made by ssh-keygen -t ed25519-sk'
const PIN =
  'use a key that asks for a PIN or fingerprint, such as one made by ssh-keygen -t ed25519-sk -O verify-required'

const absent = (detail: string, advice: string): KeyFault => ({ reason: 'USER_NOT_PRESENT', detail, advice })
const unverified = (detail: string, advice: string): KeyFault => ({
  reason: 'USER_NOT_VERIFIED',
  detail,
  advice,
})

function findPlainKeyFault(keyType: string, { presence, verification }: KeyPolicy): KeyFault | null {
  const cannot = `a key of type ${keyType} lies in a file or an agent and cannot show it`
  if (presence === 'required') return absent(cannot, SECURITY_KEY)
  return verification === 'required' ? unverified(cannot, PIN) : null
}

function findPresenceFault(
  { isPresent, isVerified }: SecurityKeyUse,
  { presence = 'required', verification = 'preferred' }: KeyPolicy,
): KeyFault | null {
  if (presence === 'required' && !isPresent)
    return absent('the signature says that nobody touched the key', TOUCH)
  if (verification === 'preferred' || isVerified) return null
  return unverified('the signature says that the key did not check who touched it', PIN)
}

function findPageFault({ page }: SecurityKeyUse, origins: string[]): KeyFault | null {
  if (page === null || (!page.isFramedByOther && origins.includes(page.origin))) return null
  const allowed = origins.length === 0 ? 'no web page' : origins.join(', ')
  const where = page.isFramedByOther ? ', inside a page of another origin' : ''
  return {
    reason: 'ORIGIN_NOT_ALLOWED',
    detail: `the page is of ${JSON.stringify(page.origin)}${where}; allowed: ${allowed}`,
    advice: 'sign on an allowed page, or with ssh-keygen',
  }
}

function findRpIdFault({ page, application }: SecurityKeyUse, rpIds: string[] | undefined): KeyFault | null {
  if (page === null || rpIds === undefined || rpIds.includes(application)) return null
  return {
    reason: 'RP_ID_NOT_ALLOWED',
    detail: `it is registered for ${JSON.stringify(application)}; allowed: ${rpIds.join(', ') || 'none'}`,
    advice: 'sign with a passkey that is registered for an allowed RP id',
  }
}
