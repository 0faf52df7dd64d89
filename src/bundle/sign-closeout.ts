import { ensureInstanceKey } from '../approvals/instance-key.ts'
import { signText } from '../approvals/openssh/sign-text.ts'
import { verifySignature } from '../approvals/openssh/verify-signature.ts'
import { describeSignatureFault, type SignatureFaultText } from '../approvals/rules/signature-refusals.ts'
import type { Trust } from '../approvals/trust-files.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import { fitsInHeader, pathOfCountersignature, pathOfSignature } from './bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, closeoutText, countersignatureText } from './closeout-statement.ts'
import { loadRecord } from './load-record.ts'

/** What signing a closeout needs: where the runs are, and where the instance keeps its key. */
export interface CloseoutDeps {
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
export async function signCloseout(
  { store, clock, folder, host }: CloseoutDeps,
  run: Run,
): Promise<CloseoutSignature> {
  const earlier = await sealOf(store, run.runId)
  if (earlier !== null) return earlier
  if (run.status !== 'closed') throw notClosed(run, 'sealed')
  const record = await loadRecord(store, run)
  const { keyFile, signer, publicKey } = await ensureInstanceKey(folder, host)
  const at = timestamp(clock)
  const text = closeoutText(record, { signer, at })
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  await store.saveCloseoutSignature({
    runId: run.runId,
    kind: 'instance',
    signer,
    statementText: text,
    signature,
    publicKey,
    at,
  })
  // Another process may have been faster; the first one counts.
  return (await sealOf(store, run.runId))!
}

async function sealOf(store: RunStore, runId: string): Promise<CloseoutSignature | null> {
  const [first] = await store.closeoutSignatures(runId)
  return first?.kind === 'instance' ? first : null
}

/**
 * Puts a person's own name under the end of a run, by a statement that names its closeout. Whoever signed already is answered with
 * that signature. Throws APPROVAL_REFUSED for a run that is not closed and for a key that the signers don't list for that name
 * (nothing is kept then), INPUT_REFUSED for a key that does not sign.
 */
export async function addCountersignature(
  sealing: CloseoutDeps,
  run: Run,
  { as, keyFile, trust }: { as: string; keyFile: string; trust: Trust },
): Promise<CloseoutSignature> {
  if (run.status !== 'closed') throw notClosed(run, 'countersigned')
  refuseOddName(as)
  const { store, clock } = sealing
  const { runId } = run
  const closeout = await signCloseout(sealing, run)
  const earlier = (await store.closeoutSignatures(runId)).find(isOf(as))
  if (earlier !== undefined) return earlier
  const at = timestamp(clock)
  const text = countersignatureText({ runId, text: closeout.statementText }, { signer: as, at })
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
  const kind = 'countersign'
  const made = { runId, kind, signer: as, statementText: text, signature, publicKey: null, at } as const
  const doubt = await findCountersignatureFault(made, trust)
  if (doubt !== null) throw notVouched(runId, doubt)
  await store.saveCloseoutSignature(made)
  // Another process may have been faster; the first one counts.
  return (await store.closeoutSignatures(runId)).find(isOf(as))!
}

const isOf = (as: string) => (signed: CloseoutSignature) =>
  signed.kind === 'countersign' && signed.signer === as

function notVouched(runId: string, { detail, next }: SignatureFaultText): CutterError {
  return new CutterError('APPROVAL_REFUSED', `run ${runId} was not countersigned: ${detail}`, {
    next,
    data: { runId },
  })
}

/** Why the signers do not vouch for a countersignature, as things are; null when they do. */
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

function refuseOddName(signer: string): void {
  const isPlain = signer.trim() !== '' && !/[\p{Cc}\u2028\u2029\ud800-\udfff]/u.test(signer)
  if (isPlain && fitsInHeader(pathOfSignature(pathOfCountersignature(signer)))) return
  throw new CutterError('USAGE', 'a countersigner is named in one short line, as in allowed_signers')
}

function notClosed(run: Run, what: string): CutterError {
  return new CutterError(
    'APPROVAL_REFUSED',
    `run ${run.runId} is ${run.status} in ${run.state}: only the end of a closed run is ${what}`,
    { next: `cutter run show ${run.runId}`, data: { runId: run.runId } },
  )
}
