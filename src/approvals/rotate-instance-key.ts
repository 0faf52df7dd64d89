import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import { canonicalJson } from '../domain/json.ts'
import { ensureInstanceKey, inTemporaryFolder, makeKeyPair } from './instance-key.ts'
import {
  finishRotation,
  instanceFiles,
  type KeyRotation,
  ROTATION_NAMESPACE,
  type RotationStatement,
} from './key-rotations.ts'
import { computeFingerprint } from './openssh/allowed-signers.ts'
import { signWithEd25519 } from './openssh/ed25519-key.ts'

interface Rotation {
  host: string
  /** ISO 8601. */
  at: string
  by: string
  reason: string | null
}

/**
 * Replaces the key of an instance by a new one, and has the old key sign that the new one follows it. The old private key is gone afterwards.
 * One rename commits the rotation: a process that dies before it leaves the old key in use, and after it the new one.
 *
 * @param who `at` is ISO 8601; `host` becomes part of the principal of the new key
 * @throws STORE_UNWRITABLE when the folder cannot be written
 * @throws STORE_CONFLICT when another process rotates the key at the same time
 */
export async function rotateInstanceKey(
  folder: string,
  { host, at, by, reason }: Rotation,
): Promise<RotationStatement> {
  const old = await ensureInstanceKey(folder, host)
  const statement = await inTemporaryFolder(folder, async (own) => {
    const next = join(own, 'next')
    const newKey = await makeKeyPair(next, host)
    const made: RotationStatement = {
      type: 'urn:cutter:key-rotation:v1',
      ...{ oldKey: old.publicKey, newKey, at, by, reason },
    }
    const statementText = canonicalJson(made)
    const signature = signWithEd25519(old, ROTATION_NAMESPACE, statementText)
    const rotation: KeyRotation = { statementText, signature }
    await writeFile(join(next, fileNameOf(newKey)), JSON.stringify(rotation), { mode: 0o600 })
    if ((await ensureInstanceKey(folder, host)).publicKey !== old.publicKey) throw conflictError()
    await rename(next, instanceFiles(folder).committed).catch((error: NodeJS.ErrnoException) => {
      throw ['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '') ? conflictError() : error
    })
    return made
  })
  await finishRotation(folder)
  return statement
}

/** Each rotation has a file of its own, so that no process ever overwrites the statement of another one. */
const fileNameOf = (newKey: string) =>
  `${Buffer.from(computeFingerprint(newKey).slice('SHA256:'.length), 'base64').toString('hex')}.json`

const conflictError = () =>
  new CutterError(
    'STORE_CONFLICT',
    'another process rotates the key of this instance; nothing was changed here',
    {
      next: 'read var/instance_key.pub; rotate again if you need a newer key',
    },
  )
