import { ensureInstanceKey } from '../approvals/instance-key.ts'
import { signWithEd25519 } from '../approvals/openssh/ed25519-key.ts'
import { signText } from '../approvals/openssh/sign-text.ts'
import { verifySignature } from '../approvals/openssh/verify-signature.ts'
import { describeSignatureFault, type SignatureFaultText } from '../approvals/rules/signature-refusals.ts'
import type { Trust } from '../approvals/trust-files.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Tools } from '../tools/open-tools.ts'
import { fitsInHeader, pathOfCountersignature, pathOfSignature } from './bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, closeoutText, countersignatureText } from './closeout-statement.ts'
import { loadRecord } from './load-record.ts'

/** What signing a closeout needs: the store, the clock, and where the instance keeps its key. */
export interface CloseoutDeps {
  store: RunStore
  clock: Clock
  /** The folder of `instance_key`. */
  folder: string
  /** The name of this host, for a key that is made now. */
  host: string
  /** Where ssh-keygen is found. Left out: in the trusted folders. */
  tools?: Tools | undefined
}

/**
 * Signs the closeout of a closed run with the key of the instance. Returns the earlier signature of a run that has one. A key
 * that cannot be used never keeps a run from closing: it closes without a signature, and the next export of its bundle signs.
 *
 * @throws INPUT_REFUSED or STORE_UNWRITABLE when the instance has no usable key
 * @throws APPROVAL_REFUSED when the run is not closed, STORE_TAMPERED when its record does not hold
 */
export async function signCloseout(
  { store, clock, folder, host }: CloseoutDeps,
  run: Run,
): Promise<CloseoutSignature> {
  const earlier = await findInstanceSignature(store, run.runId)
  if (earlier !== null) return earlier
  if (run.status !== 'closed') throw notClosedError(run, 'signed')
  const record = await loadRecord(store, run)
  const key = await ensureInstanceKey(folder, host)
  const { signer, publicKey } = key
  const at = timestamp(clock)
  const statementText = closeoutText(record, { signer, at })
  const signature = signWithEd25519(key, CLOSEOUT_NAMESPACE, statementText)
  const kind = 'instance'
  await store.saveCloseoutSignature({
    runId: run.runId,
    kind,
    signer,
    statementText,
    signature,
    publicKey,
    at,
  })
  // Another process may have signed first. The first signature counts.
  return (await findInstanceSignature(store, run.runId))!
}

async function findInstanceSignature(store: RunStore, runId: string): Promise<CloseoutSignature | null> {
  const [first] = await store.closeoutSignatures(runId)
  return first?.kind === 'instance' ? first : null
}

/**
 * Countersigns the end of a run for a person, by a statement that names the closeout. Returns the earlier signature of a person who
 * signed already.
 *
 * @throws APPROVAL_REFUSED when the run is not closed, or when the signers do not list the key for that name; nothing is kept then.
 * @throws INPUT_REFUSED when the key does not sign, USAGE when the name is not one short line.
 */
export async function addCountersignature(
  deps: CloseoutDeps,
  run: Run,
  { as, keyFile, trust }: { as: string; keyFile: string; trust: Trust },
): Promise<CloseoutSignature> {
  if (run.status !== 'closed') throw notClosedError(run, 'countersigned')
  assertSignerName(as)
  const { store, clock, tools } = deps
  const { runId } = run
  const closeout = await signCloseout(deps, run)
  const earlier = (await store.closeoutSignatures(runId)).find(isOf(as))
  if (earlier !== undefined) return earlier
  const at = timestamp(clock)
  const text = countersignatureText({ runId, text: closeout.statementText }, { signer: as, at })
  const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE, tools })
  const kind = 'countersign'
  const made = { runId, kind, signer: as, statementText: text, signature, publicKey: null, at } as const
  const fault = await findCountersignatureFault(made, trust)
  if (fault !== null) throw notTrustedError(runId, fault)
  await store.saveCloseoutSignature(made)
  // Another process may have signed first. The first signature counts.
  return (await store.closeoutSignatures(runId)).find(isOf(as))!
}

const isOf = (as: string) => (signed: CloseoutSignature) =>
  signed.kind === 'countersign' && signed.signer === as

function notTrustedError(runId: string, { detail, next }: SignatureFaultText): CutterError {
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
  const isPlain = signer.trim() !== '' && !/[\p{Cc}\u2028\u2029\ud800-\udfff]/u.test(signer)
  if (isPlain && fitsInHeader(pathOfSignature(pathOfCountersignature(signer)))) return
  throw new CutterError('USAGE', 'a countersigner is named in one short line, as in allowed_signers')
}

function notClosedError(run: Run, what: string): CutterError {
  return new CutterError(
    'APPROVAL_REFUSED',
    `run ${run.runId} is ${run.status} in ${run.state}: only the end of a closed run is ${what}`,
    { next: `cutter run show ${run.runId}`, data: { runId: run.runId } },
  )
}
