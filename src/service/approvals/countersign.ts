import { closeoutDeps } from '../../app/closeout-deps.ts'
import type { Home } from '../../app/open-home.ts'
import type { Trust } from '../../approvals/trust-files.ts'
import {
  addCountersignature,
  composeCountersignature,
  findCountersignatureFault,
  keepCountersignature,
} from '../../bundle/countersign-closeout.ts'
import type { CloseoutSignature } from '../../domain/closeout-signature.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { openTools } from '../../tools/open-tools.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertKeyStays } from '../access/input-files.ts'
import { findRun } from '../runs/find-run.ts'
import { type GivenText, readGivenText } from './import.ts'

export interface CountersignCloseoutInput {
  /** The closed run: id, or a unique prefix or suffix of one. */
  run: string
  /** The principal who signs, as listed in allowed_signers. */
  as: string
  /** Path of the private key, or of the public key of one that an agent holds. */
  key: string
}

export interface CountersignedCloseout {
  /** What `--json` prints. */
  closeout: {
    runId: string
    kind: 'instance' | 'countersign'
    signer: string
    /** ISO 8601. */
    at: string
    closeoutDigest: string
  }
  /** Set when the signature is an earlier one and this home no longer trusts its key. */
  warnings: string[]
}

/**
 * Adds a person's signature to the closeout of a closed run. The next export carries it. Who signed already is answered with that
 * signature.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, APPROVAL_REFUSED when the run is not closed or allowed_signers does not list the key for
 * that principal, INPUT_REFUSED when the key does not sign, TOOL_MISSING without ssh-keygen
 */
export async function countersignCloseout(
  home: Home,
  { run: text, as, key }: CountersignCloseoutInput,
): Promise<CountersignedCloseout> {
  assertKeyStays(home, key)
  const { run, deps, trust } = await findCloseout(home, text)
  return answerOf(await addCountersignature(deps, run, { as, keyFile: key, trust }), trust)
}

/**
 * Composes the bytes that a person signs elsewhere, in the namespace `cutter.closeout`.
 * @throws as `countersignCloseout`, and ACCESS_REFUSED for a read-only link
 */
export async function composeCloseoutStatement(
  home: Home,
  { run: text, as }: Omit<CountersignCloseoutInput, 'key'>,
): Promise<string> {
  // The instance signs first, where it has not yet.
  assertRole(home, 'import countersignatures')
  const { run, deps } = await findCloseout(home, text)
  return (await composeCountersignature(deps, run, as)).text
}

/**
 * Keeps a countersignature that was made elsewhere. The signature decides, whoever brings it.
 * @throws as `countersignCloseout`, and ACCESS_REFUSED for a read-only link
 */
export async function importCountersignature(
  home: Home,
  given: { run: string; as?: string; statement: GivenText; signature: GivenText },
): Promise<CountersignedCloseout> {
  assertRole(home, 'import countersignatures')
  const { run, deps, trust } = await findCloseout(home, given.run)
  const text = await readGivenText(home, given.statement)
  const signature = await readGivenText(home, given.signature)
  return answerOf(await keepCountersignature(deps, run, { text, signature, trust, as: given.as }), trust)
}

async function findCloseout(home: Home, text: string) {
  const run = await findRun(home, text)
  const { trust } = (await home.app()).deps
  const deps = closeoutDeps(home.folder, home.store, openTools((await home.config()).tools))
  return { run, deps, trust }
}

async function answerOf(signed: CloseoutSignature, trust: Trust): Promise<CountersignedCloseout> {
  const doubt = await findCountersignatureFault(signed, trust)
  const { runId, kind, signer, at, statementText } = signed
  return {
    closeout: { runId, kind, signer, at, closeoutDigest: digestOfBytes(statementText) },
    warnings:
      doubt === null ? [] : [`this home's allowed_signers no longer admits its signer: ${doubt.detail}`],
  }
}
