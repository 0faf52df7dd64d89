import { closeoutDeps } from '../../app/closeout-deps.ts'
import type { Home } from '../../app/open-home.ts'
import { addCountersignature, findCountersignatureFault } from '../../bundle/sign-closeout.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { openTools } from '../../tools/open-tools.ts'
import { assertKeyStays } from '../access/input-files.ts'
import { findRun } from '../runs/find-run.ts'

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
  const run = await findRun(home, text)
  const { trust } = (await home.app()).deps
  const signed = await addCountersignature(
    closeoutDeps(home.folder, home.store, openTools((await home.config()).tools)),
    run,
    {
      as,
      keyFile: key,
      trust,
    },
  )
  const doubt = await findCountersignatureFault(signed, trust)
  const { runId, kind, signer, at, statementText } = signed
  return {
    closeout: { runId, kind, signer, at, closeoutDigest: digestOfBytes(statementText) },
    warnings:
      doubt === null ? [] : [`this home's allowed_signers no longer admits its signer: ${doubt.detail}`],
  }
}
