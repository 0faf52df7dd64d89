import * as fault from '../rules/signature-refusals.ts'
import { readTrustFile, type Trust } from '../trust-files.ts'
import { withoutOptions, withoutWildcards } from './allowed-signers.ts'
import { askAboutSignature, type Questions, type Signed, type SigningKey } from './signature-questions.ts'
import { inPrivateFolder } from './ssh-keygen-process.ts'

export { signText } from './sign-text.ts'

export interface SignatureQuestion extends Signed, Trust {
  principal: string
  /** When the key has to be valid. */
  at: Date
}

export type SignatureAnswer =
  | ({ ok: true; principal: string } & SigningKey)
  | ({ ok: false } & fault.SignatureFault)

/** The key that made a good signature of this text for this namespace; null when it is no such signature. */
export function findSigningKey(signed: Signed): Promise<SigningKey | null> {
  return questioned(signed, (questions) => questions.signingKey())
}

/**
 * Whether the principal vouches for the text, with a key that is valid at that time. A trust file that can't be read
 * vouches for nobody. Limits of time are told last, so that a revoked key is called revoked also once it has expired.
 */
export function verifySignature(question: SignatureQuestion): Promise<SignatureAnswer> {
  return questioned(question, async (questions) => {
    const { principal, at } = question
    const key = await questions.signingKey()
    if (key === null) return no(fault.invalidSignature(question))

    const signers = await readTrustFile(question, question.allowedSigners)
    if (signers === null) return no(fault.noAllowedSigners(question))
    const timeless = withoutOptions(signers.toString(), 'valid-after', 'valid-before')
    const validThen = await questions.verifies({ signers, principal, at })
    if (!validThen && !(await questions.verifies({ signers: timeless, principal, at }))) {
      return no(fault.notAllowed(question, key, await questions.principalsOfKey(timeless, at)))
    }

    if (question.revokedKeys !== undefined) {
      const revoked = await readTrustFile(question, question.revokedKeys)
      if (revoked === null) return no(fault.noRevokedKeys(question.revokedKeys))
      const inForce = validThen ? signers : timeless
      if (!(await questions.verifies({ signers: inForce, principal, at, revoked }))) {
        return no(fault.revoked(key, question.revokedKeys))
      }
    }
    return validThen ? { ok: true, principal, ...key } : no(fault.notValidThen(question, key))
  })
}

/** Whether the principal is listed by a pattern only, such as `*@example.org`, which says too little about who signed. */
export async function isListedByWildcardOnly(question: SignatureQuestion): Promise<boolean> {
  const { principal, at } = question
  const signers = (await readTrustFile(question, question.allowedSigners))?.toString() ?? ''
  if (!/[*?]/.test(signers)) return false
  return questioned(
    question,
    async (questions) => !(await questions.verifies({ signers: withoutWildcards(signers), principal, at })),
  )
}

/** Those of the names under which the signing key is listed too, whatever the limits of time and namespace there. */
export async function findOtherNamesOfKey(question: SignatureQuestion, names: string[]): Promise<string[]> {
  const listed = (await readTrustFile(question, question.allowedSigners))?.toString() ?? ''
  const signers = withoutOptions(listed, 'valid-after', 'valid-before', 'namespaces')
  return questioned(question, async (questions) => {
    const found: string[] = []
    for (const principal of names) {
      if (await questions.verifies({ signers, principal, at: question.at })) found.push(principal)
    }
    return found
  })
}

function questioned<Result>(
  signed: Signed,
  work: (questions: Questions) => Promise<Result>,
): Promise<Result> {
  return inPrivateFolder(async (write) => work(await askAboutSignature(signed, write)))
}

function no(found: fault.SignatureFault): SignatureAnswer {
  return { ok: false, ...found }
}
