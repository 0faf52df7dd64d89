import { randomBytes } from 'node:crypto'
import type { Home } from '../../app/open-home.ts'
import { readSecurityKeyUse } from '../../approvals/openssh/security-key.ts'
import { isListedByWildcardOnly, verifySignature } from '../../approvals/openssh/verify-signature.ts'
import { findKeyFault } from '../../approvals/rules/key-policy.ts'
import { CutterError } from '../../domain/errors.ts'
import { canonicalJson } from '../../domain/json.ts'
import { issueToken } from '../tokens/issue-token.ts'

/** The namespace of a signature that signs in, so that it is never taken for an approval. */
const NAMESPACE = 'cutter.sign-in'
/** How long a statement waits for its signature, in milliseconds. */
const WAITS_MS = 2 * 60_000
/** More waiting statements than this end the oldest one, so that nobody fills the memory. */
const MAX_WAITING = 1_000
/** How long the token counts that a passkey is exchanged for, in milliseconds. */
const COUNTS_MS = 12 * 3_600_000

/** What a browser brings: the bytes that were signed, and the OpenSSH signature of its passkey. */
interface SignedSignIn {
  statement: string
  signature: string
}

/** Signing in by a passkey of allowed_signers. It lets somebody look, and approves nothing. */
export interface PasskeySignIn {
  /**
   * Composes the statement that a passkey signs. It counts once, within two minutes, for this page.
   * @param origin of the page
   */
  ask(principal: string, origin: string): string
  /**
   * Exchanges a signed statement for a token of role viewer, which is listed and can be revoked as every other.
   * @throws TOKEN_REFUSED
   */
  accept(given: SignedSignIn, origin: string): Promise<string>
}

/** @param home whose allowed_signers decide */
export function createPasskeySignIn(home: Home): PasskeySignIn {
  const waiting = new Map<string, { principal: string; origin: string; until: number }>()
  // One at a time: a judgement runs ssh-keygen, and everybody may ask for one.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    ask(principal, origin) {
      const statement = canonicalJson({
        type: 'urn:cutter:sign-in:v1',
        principal,
        origin,
        nonce: randomBytes(24).toString('base64url'),
      })
      waiting.set(statement, { principal, origin, until: Date.now() + WAITS_MS })
      const [oldest] = waiting.keys()
      if (waiting.size > MAX_WAITING && oldest !== undefined) waiting.delete(oldest)
      return statement
    },
    accept({ statement, signature }, origin) {
      const asked = waiting.get(statement)
      waiting.delete(statement)
      if (asked === undefined || asked.until < Date.now() || asked.origin !== origin)
        return Promise.reject(refusal('the statement was used already, is too old, or is of another page'))
      const judged = turn.then(() => exchange(home, { statement, signature }, asked))
      turn = judged.catch(() => undefined)
      return judged
    },
  }
}

async function exchange(
  home: Home,
  { statement, signature }: SignedSignIn,
  { principal, origin }: { principal: string; origin: string },
): Promise<string> {
  const app = await home.app()
  const now = app.deps.clock.now()
  const question = {
    ...app.deps.trust,
    text: statement,
    signature,
    namespace: NAMESPACE,
    principal,
    at: now,
  }
  const answer = await verifySignature(question)
  if (!answer.ok)
    throw refusal(`allowed_signers does not list this key for ${principal} (${answer.fault.kind})`)
  if (await isListedByWildcardOnly(question))
    throw refusal(`allowed_signers lists ${principal} by a pattern only, which names nobody`)
  const use = readSecurityKeyUse(signature)
  if (use === null || use === 'unreadable' || use.page === null)
    throw refusal('the signature was not made by a passkey on a web page')
  const fault = findKeyFault(
    { signature, keyType: answer.keyType },
    { presence: 'required', verification: 'required', origins: [origin] },
  )
  if (fault !== null) throw refusal(fault.detail)
  const { token } = await issueToken(app, {
    name: `${principal} by passkey`,
    role: 'viewer',
    machines: null,
    runId: null,
    createdBy: `passkey ${answer.fingerprint}`,
    ends: now.getTime() + COUNTS_MS,
  })
  return token
}

const refusal = (why: string) =>
  new CutterError('TOKEN_REFUSED', `nobody was signed in: ${why}`, {
    next: 'sign in with a token; the owner of allowed_signers lists a passkey with the namespace cutter.sign-in or cutter.*',
  })
