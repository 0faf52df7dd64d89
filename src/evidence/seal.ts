import { instanceKey } from '../approvals/instance-key.ts'
import { keyFingerprintOf, signText, verifySignature } from '../approvals/ssh-keygen.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../domain/store.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from './closeout.ts'
import { collect } from './collect.ts'
import { fitsInHeader, pathOfCountersignature } from './layout.ts'

/** What signing a closeout needs: where the runs are, and where the instance keeps its key. */
export interface Sealing {
  store: RunStore
  clock: Clock
  /** The folder of `instance_key`, and the name of this host for a key that is made now. */
  folder: string
  host: string
}

/**
 * Signs the closeout of a closed run with the instance's key, once: a run that is sealed is answered as it is. Throws
 * TOOL_MISSING without ssh-keygen; whoever exports the run later tries again.
 */
export async function seal({ store, clock, folder, host }: Sealing, run: Run): Promise<CloseoutSignature> {
  const earlier = await sealOf(store, run.runId)
  if (earlier !== null) return earlier
  if (run.status !== 'closed') throw notClosed(run, 'sealed')
  const record = await collect(store, run)
  const { keyFile, signer, publicKey } = await instanceKey(folder, host)
  const text = closeoutText(record, signer)
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  await store.saveCloseoutSignature({
    runId: run.runId,
    kind: 'instance',
    signer,
    statementText: text,
    signature,
    publicKey,
    at: timestamp(clock),
  })
  // Another process may have been faster; the first one counts.
  return (await sealOf(store, run.runId))!
}

async function sealOf(store: RunStore, runId: string): Promise<CloseoutSignature | null> {
  const [first] = await store.closeoutSignatures(runId)
  return first?.kind === 'instance' ? first : null
}

/**
 * Puts a person's own name under the end of a run: the same bytes that the instance signed. Whoever signed already is answered
 * with that signature. Throws APPROVAL_REFUSED for a run that is not closed, INPUT_REFUSED for a key that does not sign.
 */
export async function countersign(
  sealing: Sealing,
  run: Run,
  { as, keyFile }: { as: string; keyFile: string },
): Promise<CloseoutSignature> {
  if (run.status !== 'closed') throw notClosed(run, 'countersigned')
  refuseOddName(as)
  const { statementText: text } = await seal(sealing, run)
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  if ((await keyFingerprintOf({ text, signature, namespace: CLOSEOUT_NAMESPACE })) === null)
    throw new CutterError('INTERNAL', `what ${keyFile} signed is no signature of the closeout`)
  const { store, clock } = sealing
  await store.saveCloseoutSignature({
    runId: run.runId,
    kind: 'countersign',
    signer: as,
    statementText: text,
    signature,
    publicKey: null,
    at: timestamp(clock),
  })
  const kept = await store.closeoutSignatures(run.runId)
  return kept.find(({ kind, signer }) => kind === 'countersign' && signer === as)!
}

/** Why a file of allowed signers does not vouch for a countersignature, as things are; null when it does. */
export async function doubtAbout(signed: CloseoutSignature, allowedSigners: string): Promise<string | null> {
  const { statementText: text, signature, signer: principal, at } = signed
  const question = { text, signature, namespace: CLOSEOUT_NAMESPACE, principal, at: new Date(at) }
  const answer = await verifySignature({ ...question, allowedSigners })
  return answer.ok ? null : answer.message
}

function refuseOddName(signer: string): void {
  const isPlain = signer.trim() !== '' && !/[\p{Cc}\u2028\u2029\ud800-\udfff]/u.test(signer)
  if (isPlain && fitsInHeader(pathOfCountersignature(signer))) return
  throw new CutterError('USAGE', 'a countersigner is named in one short line, as in allowed_signers')
}

function notClosed(run: Run, what: string): CutterError {
  return new CutterError(
    'APPROVAL_REFUSED',
    `run ${run.runId} is ${run.status} in ${run.state}: only the end of a closed run is ${what}`,
    { next: `cutter run show ${run.runId}`, data: { runId: run.runId } },
  )
}
