import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { findInstanceSigner } from '../approvals/instance-key.ts'
import {
  type KeyRotation,
  ROTATION_NAMESPACE,
  type RotationStatement,
  rotationsLeadingTo,
} from '../approvals/key-rotations.ts'
import { computeFingerprint } from '../approvals/openssh/allowed-signers.ts'
import { isSignedWith } from '../approvals/openssh/signature-parts.ts'
import { inPrivateFolder } from '../approvals/openssh/ssh-keygen-process.ts'
import { findSigningKey } from '../approvals/openssh/verify-signature.ts'
import { canonicalJson } from '../domain/json.ts'
import { isArmorAsWritten } from './armor.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import { pathOfRotation } from './bundle-paths.ts'
import { type CheckerTrust, findDistrust } from './checker-trust.ts'
import { CLOSEOUT_NAMESPACE } from './closeout-statement.ts'
import type { SignedCloseout } from './run-record.ts'

/** An earlier key of the instance, with which the search for a trusted key ended: the checker trusts it, or it is revoked. */
export interface EarlierKey {
  signer: string
  fingerprint: string
  revoked: boolean
}

const instanceKey = z.string().refine((line) => findInstanceSigner(line) !== null && !line.endsWith('\n'))
const statementShape = z.strictObject({
  type: z.literal('urn:cutter:key-rotation:v1'),
  oldKey: instanceKey,
  newKey: instanceKey,
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string().nullable(),
})

/**
 * Checks that the rotations of a bundle form one chain of different keys that ends with the key in instance.pub, and that each old key signed
 * the key after it.
 * @throws TOOL_MISSING when there is a rotation and no ssh-keygen
 */
export async function findRotationFault({
  instance,
  rotations = [],
}: SignedCloseout): Promise<BundleFault | null> {
  const fault = ({ statementText }: KeyRotation, why: string) => {
    const path = pathOfRotation(statementText)
    return bundleFault('ROTATION_INVALID', path, `${path} ${why}`)
  }
  for (const rotation of rotations) {
    const statement = parseStatement(rotation.statementText)
    if (statement === null) return fault(rotation, 'does not hold a statement of a key rotation')
    if (!(await isSignedByOldKey(rotation, statement)))
      return fault(rotation, 'is not signed by the old key that it names')
  }
  const chain = rotationsLeadingTo(instance.publicKey, rotations)
  const apart = rotations.find((one) => !chain.some(({ rotation }) => rotation === one))
  if (apart !== undefined) return fault(apart, 'does not lead to the key in instance.pub')
  const keys = [instance.publicKey, ...chain.map(({ statement }) => statement.oldKey)].map(blobOf)
  const circular = chain.find((_, index) => keys.indexOf(keys[index + 1]!) <= index)
  return circular === undefined ? null : fault(circular.rotation, 'leads in a circle')
}

function parseStatement(text: string): RotationStatement | null {
  try {
    const parsed = statementShape.safeParse(JSON.parse(text))
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null
  } catch {
    return null
  }
}

async function isSignedByOldKey(
  { statementText: text, signature }: KeyRotation,
  { oldKey }: RotationStatement,
): Promise<boolean> {
  if (!isArmorAsWritten(signature) || !isSignedWith(signature, oldKey)) return false
  const key = await findSigningKey({ text, signature, namespace: ROTATION_NAMESPACE })
  return key?.fingerprint === computeFingerprint(oldKey)
}

/**
 * Follows the chain from the key that signed the closeout to the nearest earlier key that the checker trusts or that is revoked. Null when
 * there is none. The checker's file decides of each key that it names, so the search ends there. The rotations must hold.
 * @throws TOOL_MISSING without ssh-keygen
 */
export async function findEarlierKey(
  { instance, rotations = [] }: SignedCloseout,
  { signers, revoked }: CheckerTrust,
): Promise<EarlierKey | null> {
  const listed = signers === null ? '' : await readFile(signers, 'utf8').catch(() => '')
  const names = new Set(listed.split(/\s+/))
  return inPrivateFolder(async (write) => {
    // OpenSSH answers whether a line allows closeouts: in the copy, rotations stand for them.
    const copy = signers && write('signers', listed.replaceAll(CLOSEOUT_NAMESPACE, ROTATION_NAMESPACE))
    for (const { rotation, statement } of rotationsLeadingTo(instance.publicKey, rotations)) {
      if (names.has(blobOf(statement.newKey))) return null
      const signer = findInstanceSigner(statement.oldKey)!
      const { statementText: text, signature } = rotation
      const at = new Date(statement.at)
      const signed = { text, signature, namespace: ROTATION_NAMESPACE, principal: signer, at }
      const distrust = await findDistrust(signed, { signers: copy, revoked })
      const found = { signer, fingerprint: computeFingerprint(statement.oldKey) }
      if (distrust === null) return { ...found, revoked: false }
      if (distrust.code === 'KEY_REVOKED') return { ...found, revoked: true }
    }
    return null
  })
}

const blobOf = (publicKey: string) => publicKey.split(' ')[1]!
