import { join } from 'node:path'
import { closeoutDeps } from '../../app/closeout-deps.ts'
import type { Home } from '../../app/open-home.ts'
import { instanceFiles, type RotationStatement } from '../../approvals/key-rotations.ts'
import { computeFingerprint } from '../../approvals/openssh/allowed-signers.ts'
import { rotateInstanceKey } from '../../approvals/rotate-instance-key.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited } from '../access/scope.ts'
import { assertReason } from '../reason.ts'

export interface RotateKeyInput {
  reason?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/** What `instance rotate-key --json` prints. */
export interface RotateKeyAnswer extends Omit<RotationStatement, 'type'> {
  oldFingerprint: string
  newFingerprint: string
  /** Absolute path of the new public key. */
  file: string
}

/**
 * Replaces the key with which this instance signs closeouts. The old key signs the new one. Closeouts that the old key signed stay as they are.
 * @throws USAGE when the reason is blank, INPUT_REFUSED for a secret, OPERATOR_REFUSED
 * @throws STORE_UNWRITABLE, STORE_CONFLICT when another process rotates the key
 */
export async function rotateKey(home: Home, { reason, by: label }: RotateKeyInput): Promise<RotateKeyAnswer> {
  assertRole(home, 'rotate the key of the instance')
  assertUnlimited(home, 'rotate the key of the instance')
  const { store, deps } = await home.app()
  assertNoSecretWords(deps, { '--reason': reason, '--by': label })
  const { tools } = deps.trust
  const { folder, host } = closeoutDeps(home.folder, store, tools)
  const by = assertOperator(deps, label)
  const at = deps.clock.now().toISOString()
  const checkedReason = reason === undefined ? null : assertReason(reason)
  const { type, ...made } = await rotateInstanceKey(folder, { host, at, by, reason: checkedReason })
  return {
    ...made,
    oldFingerprint: computeFingerprint(made.oldKey),
    newFingerprint: computeFingerprint(made.newKey),
    file: `${instanceFiles(join(home.folder, 'var')).keyFile}.pub`,
  }
}
