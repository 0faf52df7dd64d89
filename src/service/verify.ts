import { readFile, stat } from 'node:fs/promises'
import { findRequiredGates } from '../builtin/required-gates.ts'
import { isTar } from '../bundle/tar.ts'
import { type Verdict, verifyBundle } from '../bundle/verify-bundle.ts'
import { CutterError } from '../domain/errors.ts'

export type { Verdict }

/** A larger bundle would not fit into memory, where it is read at once. */
const MAX_BYTES = 2 * 1024 ** 3

export interface VerifyBundleInput {
  /** Path of the evidence bundle. */
  bundle: string
  /** Path of the checker's own allowed_signers. Left out: no signer is trusted. */
  signers?: string | undefined
  /** Path of the checker's own KRL or list of revoked keys. Left out: no key is revoked. */
  revoked?: string | undefined
  /** Gates that must have been passed by an approval that counted. */
  requiredGates?: string[] | undefined
  /** Web origins whose pages may have asked for approvals. Left out: those of the recorded policy. */
  origins?: string[] | undefined
  /** Whether somebody in the file of signers must vouch for everything. */
  requireTrusted?: boolean | undefined
}

/**
 * Verifies an evidence bundle. Needs no home, no database and no network. The verdict is what `--json` prints.
 * @throws INPUT_REFUSED when a file can't be read, is not a tar or is larger than 2 GiB
 * @throws TOOL_MISSING when there is a signature to check and no ssh-keygen
 */
export async function verifyBundleFile(input: VerifyBundleInput): Promise<Verdict> {
  const {
    bundle,
    signers = null,
    revoked = null,
    requiredGates = [],
    requireTrusted = false,
    origins = null,
  } = input
  if (signers !== null) await sizeOfFile(signers, 'the file of signers')
  if (revoked !== null) await sizeOfFile(revoked, 'the file of revoked keys')
  return verifyBundle(await readBundle(bundle), {
    trust: { signers, revoked },
    requirements: { gates: requiredGates, trusted: requireTrusted, origins },
    findRequiredGates,
  })
}

async function readBundle(file: string): Promise<Buffer> {
  const size = await sizeOfFile(file, 'the bundle')
  if (size > MAX_BYTES) throw unreadableError(`the bundle ${file} is larger than ${MAX_BYTES} bytes`)
  const bytes = await readFile(file).catch((cause: Error) => {
    throw unreadableError(`can't read the bundle ${file}: ${cause.message}`, cause)
  })
  if (!isTar(bytes)) throw unreadableError(`${file} is not a valid bundle: it is not a tar`)
  return bytes
}

/** In bytes. */
async function sizeOfFile(file: string, what: string): Promise<number> {
  const found = await stat(file).catch((cause: Error) => {
    throw unreadableError(`can't read ${what} ${file}: ${cause.message}`, cause)
  })
  if (!found.isFile()) throw unreadableError(`${what} ${file} is not a file`)
  return found.size
}

const unreadableError = (message: string, cause?: Error) =>
  new CutterError('INPUT_REFUSED', message, {
    next: 'cutter verify <bundle> --signers <allowed_signers>',
    cause,
  })
