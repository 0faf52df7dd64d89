import { signText } from '../approvals/openssh/sign-text.ts'
import { verifySignature } from '../approvals/openssh/verify-signature.ts'
import { describeSignatureFault, type SignatureFaultText } from '../approvals/rules/signature-refusals.ts'
import type { Trust } from '../approvals/trust-files.ts'
import { timestamp } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { nameInLine } from '../domain/visible.ts'
import { fitsInHeader, pathOfCountersignature, pathOfSignature } from './bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, countersignatureText } from './closeout-statement.ts'
import { type CloseoutDeps, notClosedError, signCloseout } from './sign-closeout.ts'

/**
 * Composes what a person signs to countersign the end of a run, by a statement that names the closeout. Who signed already gets the same
 * text again.
 *
 * @throws APPROVAL_REFUSED when the run is not closed, USAGE when the name is not one short line
 */
export async function composeCountersignature(
  deps: CloseoutDeps,
  run: Run,
  as: string,
): Promise<{ text: string; earlier: CloseoutSignature | null }> {
  if (run.status !== 'closed') throw notClosedError(run, 'countersigned')
  assertSignerName(as)
  const closeout = await signCloseout(deps, run)
  const earlier = await findCountersignature(deps, run, as)
  if (earlier !== null) return { text: earlier.statementText, earlier }
  const named = { runId: run.runId, text: closeout.statementText }
  return { text: countersignatureText(named, { signer: as, at: timestamp(deps.clock) }), earlier }
}

/** How far the clock of whoever composed a statement may be ahead, in milliseconds. */
const AHEAD_MS = 60_000

/**
 * Keeps the countersignature of a person, who signed the text that `composeCountersignature` gave. Returns the earlier one of a person who signed
 * already.
 *
 * @throws APPROVAL_REFUSED when the run is not closed, when the text is not of its closeout, or when the signers do not list the key for
 * that name; nothing is kept then. INPUT_REFUSED when the text is no countersignature, or names somebody else than `as`; USAGE when the name is not one short line.
 */
export async function keepCountersignature(
  deps: CloseoutDeps,
  run: Run,
  given: { text: string; signature: string; trust: Trust; as?: string | undefined },
): Promise<CloseoutSignature> {
  const { store, clock } = deps
  const { text, signature, trust } = given
  const { signer, at } = parseCountersignature(text)
  if (given.as !== undefined && given.as !== signer)
    throw new CutterError(
      'INPUT_REFUSED',
      `the statement names ${JSON.stringify(signer)}, and not ${JSON.stringify(given.as)}; nothing was kept`,
      { next: 'name whoever signed it' },
    )
  const { earlier } = await composeCountersignature(deps, run, signer)
  const { runId } = run
  if (earlier !== null) {
    await assertSameSigner(earlier, given)
    return earlier
  }
  const closeout = await signCloseout(deps, run)
  const expected = countersignatureText({ runId, text: closeout.statementText }, { signer, at })
  const isOfItsTime =
    Date.parse(at) >= Date.parse(run.updatedAt) && Date.parse(at) <= clock.now().getTime() + AHEAD_MS
  if (text !== expected || !isOfItsTime)
    throw notKeptError(runId, {
      detail: 'the statement does not name the closeout of this run, at a time since it closed',
      next: `cutter approval countersign ${runId} --as ${shellQuote(signer)} --key <file>`,
    })
  const kind = 'countersign'
  const made = { runId, kind, signer, statementText: text, signature, publicKey: null, at } as const
  const fault = await findCountersignatureFault(made, trust)
  if (fault !== null) throw notKeptError(runId, fault)
  await store.saveCloseoutSignature(made)
  // Another process may have signed first. The first signature counts.
  return (await findCountersignature(deps, run, signer))!
}

/**
 * Checks what is brought where a person signed already: the same signature, or another good one of the same text, as ECDSA makes each time.
 * @throws APPROVAL_REFUSED for anything else
 */
async function assertSameSigner(
  earlier: CloseoutSignature,
  { text, signature, trust }: { text: string; signature: string; trust: Trust },
): Promise<void> {
  const { runId, signer, statementText } = earlier
  if (text !== statementText)
    throw notKeptError(runId, {
      detail: `${nameInLine(signer)} signed already, and this is another statement`,
      next: `cutter approval countersign ${runId} --as ${shellQuote(signer)} --key <file>`,
    })
  if (signature === earlier.signature) return
  const fault = await findCountersignatureFault({ ...earlier, signature }, trust)
  if (fault !== null) throw notKeptError(runId, fault)
}

/**
 * Countersigns the end of a run for a person. Returns the earlier signature of a person who signed already.
 *
 * @throws APPROVAL_REFUSED when the run is not closed, or when the signers do not list the key for that name; nothing is kept then.
 * @throws INPUT_REFUSED when the key does not sign, USAGE when the name is not one short line.
 */
export async function addCountersignature(
  deps: CloseoutDeps,
  run: Run,
  { as, keyFile, trust }: { as: string; keyFile: string; trust: Trust },
): Promise<CloseoutSignature> {
  // Who signed already signs the same text again, as by a service, which does not know the key.
  const { text } = await composeCountersignature(deps, run, as)
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE, tools: deps.tools })
  return keepCountersignature(deps, run, { text, signature, trust })
}

async function findCountersignature(
  { store }: CloseoutDeps,
  { runId }: Run,
  as: string,
): Promise<CloseoutSignature | null> {
  const signatures = await store.closeoutSignatures(runId)
  return signatures.find(({ kind, signer }) => kind === 'countersign' && signer === as) ?? null
}

/** The signer and the time that a text names; whether it names the closeout is found out by composing it again. */
function parseCountersignature(text: string): { signer: string; at: string } {
  try {
    const { signer, at } = JSON.parse(text) as { signer: unknown; at: unknown }
    if (typeof signer === 'string' && typeof at === 'string') return { signer, at }
  } catch {
    // The error below tells it.
  }
  throw new CutterError(
    'INPUT_REFUSED',
    'the statement is no countersignature of a closeout; nothing was kept',
    {
      next: 'sign the text that the service composes, byte for byte',
    },
  )
}

function notKeptError(
  runId: string,
  { detail, next }: Pick<SignatureFaultText, 'detail' | 'next'>,
): CutterError {
  return new CutterError('APPROVAL_REFUSED', `run ${runId} was not countersigned: ${detail}`, {
    next,
    data: { runId },
  })
}
/** Why the signers of today do not trust a countersignature; null when they trust it. */
export async function findCountersignatureFault(
  signed: CloseoutSignature,
  trust: Trust,
): Promise<SignatureFaultText | null> {
  const { statementText: text, signature, signer: principal, at } = signed
  const namespace = CLOSEOUT_NAMESPACE
  const question = { text, signature, namespace, principal, at: new Date(at), ...trust }
  const answer = await verifySignature(question)
  return answer.ok ? null : describeSignatureFault(answer.fault, question)
}

function assertSignerName(signer: string): void {
  // A comma would make two principals of it, a quote would end it, and what is hidden would make it look like another one.
  const isPlain =
    signer.trim() !== '' && !/[,"\u2028\u2029]|\p{C}|\p{Default_Ignorable_Code_Point}/u.test(signer)
  if (isPlain && fitsInHeader(pathOfSignature(pathOfCountersignature(signer)))) return
  throw new CutterError('USAGE', 'a countersigner is named in one short line, as in allowed_signers')
}
