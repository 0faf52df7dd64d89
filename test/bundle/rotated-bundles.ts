import { ensureInstanceKey } from '../../src/approvals/instance-key.ts'
import { type KeyRotation, ROTATION_NAMESPACE, readKeyRotations } from '../../src/approvals/key-rotations.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { rotateInstanceKey } from '../../src/approvals/rotate-instance-key.ts'
import { CLOSEOUT_NAMESPACE } from '../../src/bundle/closeout-statement.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { aBundleMaker, type Bundles, bundleOf, recordIn } from './bundle-fixture.ts'

/** The principal of each key of the instance. */
export const INSTANCE = 'cutter-instance@quiet-host'

export interface RotatedBundles {
  at: Bundles
  /** Public keys of the instance, the first one first. */
  keys: string[]
  /** A run closed with each key. */
  runs: Run[]
  /** The bundles of `runs`. Each was exported before the next rotation. */
  tars: Buffer[]
  /** The two rotations, the older one first. */
  rotations(): Promise<[KeyRotation, KeyRotation]>
}

/** Runs that closed before the key of the instance was replaced, after the first rotation, and after the second one. */
export async function rotatedBundles(given: { definitionDigest?: string } = {}): Promise<RotatedBundles> {
  const at = await aBundleMaker(given)
  const { folder } = at.sealing
  const [keys, runs, tars]: [string[], Run[], Buffer[]] = [[], [], []]
  for (const day of [1, 2, 3]) {
    const run = await at.closed('live')
    runs.push(run)
    tars.push(await at.exported(run))
    keys.push((await ensureInstanceKey(folder, 'quiet_host')).publicKey)
    const time = `2026-03-0${day}T10:00:00.000Z`
    if (day < 3) await rotateInstanceKey(folder, { host: 'quiet_host', at: time, by: 'x', reason: null })
  }
  const rotations = () => readKeyRotations(folder) as Promise<[KeyRotation, KeyRotation]>
  return { at, keys, runs, tars, rotations }
}

/** A rotation that the key in the file signs. */
export async function rotationOf(
  keyFile: string,
  oldKey: string,
  newKey: string,
  changes: object = {},
  namespace = ROTATION_NAMESPACE,
): Promise<KeyRotation> {
  const statement = {
    ...{ type: 'urn:cutter:key-rotation:v1', at: '2026-03-01T10:00:00.000Z', by: 'x', reason: null },
    ...{ oldKey, newKey, ...changes },
  }
  const statementText = canonicalJson(statement)
  return { statementText, signature: await signText({ text: statementText, keyFile, namespace }) }
}

/** The same bundle with other rotations. With a key of the forger the closeout is signed by that key. */
export async function withRotations(
  tar: Buffer,
  rotations: KeyRotation[],
  forger?: { keyFile: string; publicKey: string },
): Promise<Buffer> {
  const record: RunRecord = await recordIn(tar)
  const { instance, text } = record.closeout!
  record.closeout!.rotations = rotations
  if (forger !== undefined) {
    const { keyFile, publicKey } = forger
    const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
    Object.assign(instance, { publicKey, signature })
  }
  return bundleOf(record, tar)
}
