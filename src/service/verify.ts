import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pageOfRecord } from '../app/closeout-deps.ts'
import { findRequiredGates } from '../builtin/required-gates.ts'
import { isTar } from '../bundle/tar.ts'
import { type Verdict, verifyBundle } from '../bundle/verify-bundle.ts'
import { CutterError } from '../domain/errors.ts'
import { type NoteKey, parseNoteKey } from '../domain/signed-note.ts'
import { nameInLine } from '../domain/visible.ts'
import { TRUSTED_TOOLS } from '../tools/open-tools.ts'

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
  /** Path of the certificates of time-stamping authorities whom the checker believes, PEM. Left out: none is believed, and no token is needed. */
  timestampCa?: string | undefined
  /** Path of the keys of witnesses whom the checker believes, one on each line. Left out: none is believed, and no cosignature is needed. */
  witnesses?: string | undefined
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
    timestampCa = null,
    witnesses = null,
  } = input
  if (signers !== null) await sizeOfFile(signers, 'the file of signers')
  if (revoked !== null) await sizeOfFile(revoked, 'the file of revoked keys')
  if (timestampCa !== null) await sizeOfFile(timestampCa, 'the file of time-stamping authorities')
  const keys = witnesses === null ? null : await readWitnesses(witnesses)
  return verifyBundle(await readBundle(bundle), {
    trust: { signers, revoked },
    requirements: { gates: requiredGates, trusted: requireTrusted, origins },
    findRequiredGates,
    // openssl runs in another folder.
    times: { authorities: timestampCa && resolve(timestampCa), witnesses: keys, tools: TRUSTED_TOOLS },
    renderPage: pageOfRecord,
  })
}

/** Blank lines and lines that begin with # are left out. */
async function readWitnesses(file: string): Promise<NoteKey[]> {
  await sizeOfFile(file, 'the file of witnesses')
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const key = parseNoteKey(line)
      if (key?.type === 'witness') return key
      throw unreadableError(
        `${file} has a line that is not the key of an Ed25519 witness: ${nameInLine(line)}`,
      )
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
