import { readTrustFile, type Trust } from '../trust-files.ts'
import { mayListByPattern, mayListName, withoutOptions, withoutWildcards } from './allowed-signers.ts'
import { withKeptAnswers } from './kept-answers.ts'
import { askAboutSignature, type Questions, type Signed, type SigningKey } from './signature-questions.ts'
import { inPrivateFolder } from './ssh-keygen-process.ts'

/** The question whether a principal signed a text with a key that counts at a time. */
export interface SignatureQuestion extends Signed, Trust {
  principal: string
  /** When the key has to be valid. */
  at: Date
}

/** Why a signature proves nothing, as facts. `describeSignatureFault` in rules/ makes the words of it. */
export type SignatureFault =
  | { kind: 'not-of-this-text' }
  | { kind: 'no-allowed-signers' }
  | { kind: 'not-listed'; key: SigningKey; listedFor: string[] }
  | { kind: 'no-revoked-keys'; revokedKeys: string }
  | { kind: 'revoked'; key: SigningKey; revokedKeys: string }
  | { kind: 'not-valid-then'; key: SigningKey }

type SignatureAnswer = ({ ok: true; principal: string } & SigningKey) | { ok: false; fault: SignatureFault }

/**
 * Finds the key that made a good signature of a text for a namespace. Null when the signature is of another text or namespace.
 * @throws TOOL_MISSING without ssh-keygen
 */
export function findSigningKey(signed: Signed): Promise<SigningKey | null> {
  return askInFolder(signed, (questions) => questions.signingKey())
}

/**
 * Verifies that the principal signed the text, with a key that is valid at that time (ssh-keygen -Y verify). A trust file that cannot
 * be read admits nobody. Limits of time are reported last, so that a revoked key is reported as revoked after it has expired, too.
 * @param options.mayReuse whether an answer that this process got within the same second counts; without it ssh-keygen is asked
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function verifySignature(
  question: SignatureQuestion,
  { mayReuse = false } = {},
): Promise<SignatureAnswer> {
  const good = await findGoodKey(question, mayReuse)
  if (good !== null) return { ok: true, principal: question.principal, ...good }

  return askInFolder(question, async (questions) => {
    const { principal, at, revokedKeys } = question
    const key = await questions.signingKey()
    if (key === null) return no({ kind: 'not-of-this-text' })

    const signers = await readTrustFile(question, question.allowedSigners)
    if (signers === null) return no({ kind: 'no-allowed-signers' })
    const timeless = withoutOptions(signers.toString(), 'valid-after', 'valid-before')
    const isValidThen = await questions.verifies({ signers, principal, at })
    if (!isValidThen && !(await questions.verifies({ signers: timeless, principal, at }))) {
      const listedFor = await questions.principalsOfKey(timeless, at)
      return no({ kind: 'not-listed', key, listedFor })
    }

    if (revokedKeys !== undefined) {
      const revoked = await readTrustFile(question, revokedKeys)
      if (revoked === null) return no({ kind: 'no-revoked-keys', revokedKeys })
      const admitting = isValidThen ? signers : timeless
      if (!(await questions.verifies({ signers: admitting, principal, at, revoked }))) {
        return no({ kind: 'revoked', key, revokedKeys })
      }
    }
    return isValidThen ? { ok: true, principal, ...key } : no({ kind: 'not-valid-then', key })
  })
}

/** Asks for everything at once, which a good signature answers with one call. Null when something does not hold. */
async function findGoodKey(question: SignatureQuestion, mayReuse: boolean): Promise<SigningKey | null> {
  const { principal, at, allowedSigners, revokedKeys } = question
  const signers = await readTrustFile(question, allowedSigners)
  const revoked = revokedKeys === undefined ? undefined : await readTrustFile(question, revokedKeys)
  if (signers === null || revoked === null) return null
  const asked = { signers, principal, at, ...(revoked === undefined ? {} : { revoked }) }
  const ask = () => askInFolder(question, (questions) => questions.verifiedKey(asked))
  return mayReuse ? withKeptAnswers(question, asked, ask) : ask()
}

/** Tells whether a principal is listed by a pattern only, such as `*@example.org`, which does not name the signer. */
export async function isListedByWildcardOnly(question: SignatureQuestion): Promise<boolean> {
  const { principal, at } = question
  const signers = (await readTrustFile(question, question.allowedSigners))?.toString() ?? ''
  if (!mayListByPattern(signers)) return false
  return askInFolder(
    question,
    async (questions) => !(await questions.verifies({ signers: withoutWildcards(signers), principal, at })),
  )
}

/** Finds those of the names under which the signing key is listed too, without regard to limits of time and namespace. */
export async function findOtherNamesOfKey(question: SignatureQuestion, names: string[]): Promise<string[]> {
  const listed = (await readTrustFile(question, question.allowedSigners))?.toString() ?? ''
  const possible = names.filter((name) => mayListName(listed, name))
  if (possible.length === 0) return []
  const signers = withoutOptions(listed, 'valid-after', 'valid-before', 'namespaces')
  return askInFolder(question, async (questions) => {
    const found: string[] = []
    for (const principal of possible) {
      if (await questions.verifies({ signers, principal, at: question.at })) found.push(principal)
    }
    return found
  })
}

function askInFolder<Result>(
  signed: Signed,
  ask: (questions: Questions) => Promise<Result>,
): Promise<Result> {
  return inPrivateFolder(async (write) => ask(askAboutSignature(signed, write)))
}

function no(fault: SignatureFault): SignatureAnswer {
  return { ok: false, fault }
}
