import { ensureInstanceKey } from '../approvals/instance-key.ts'
import { signWithEd25519 } from '../approvals/openssh/ed25519-key.ts'
import { type Clock, timestamp } from '../domain/clock.ts'
import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Tools } from '../tools/open-tools.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from './closeout-statement.ts'
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

/** APPROVAL_REFUSED for a run whose end cannot be signed yet. */
export function notClosedError(run: Run, what: string): CutterError {
  return new CutterError(
    'APPROVAL_REFUSED',
    `run ${run.runId} is ${run.status} in ${run.state}: only the end of a closed run is ${what}`,
    { next: `cutter run show ${run.runId}`, data: { runId: run.runId } },
  )
}
