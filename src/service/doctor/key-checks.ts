import { dirname } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { readKeyRotations, readRotationStatement } from '../../approvals/key-rotations.ts'
import { listApprovers } from '../../approvals/list-approvers.ts'
import { computeFingerprint } from '../../approvals/openssh/allowed-signers.ts'
import { findRevokedKeys } from '../../approvals/openssh/revoked-keys.ts'
import { namespaceOf } from '../../approvals/statement.ts'
import { CutterError } from '../../domain/errors.ts'
import { explain } from '../../engine/explain.ts'
import { type Finding, okay } from './finding.ts'
import { MOST_RUNS } from './record-checks.ts'

/** Warns of each configured policy, and each live run at a gate, for which too few people may approve now. */
export async function checkPolicies({ config, deps, store }: App): Promise<Finding[]> {
  const check = 'policies'
  const found: Finding[] = []
  for (const key of Object.keys(config.approvals.policy)) {
    const [machine = '', gate = ''] = key.split('.')
    const policy = deps.policy(machine, gate)
    const { need = 1, fourEyes = true } = policy
    const { people } = await listApprovers(deps.trust, {
      ...{ namespace: namespaceOf(machine, gate), live: true, at: deps.clock.now(), operators: [] },
      policy: { ...policy, fourEyes },
    })
    if (people >= need) continue
    const message = `${key} needs ${need} people, and only ${people} may approve: this policy cannot be met`
    const next = `have the owner of ${deps.trust.allowedSigners} list further approvers`
    found.push({ check, status: 'warn', message, next })
  }
  const paused = await store.list({ status: 'paused', limit: MOST_RUNS, onTampered: () => {} })
  for (const { runId } of paused.filter(({ mode }) => mode === 'live')) {
    // A run that cannot be trusted is refused by every command that needs it.
    const explained = await explain(deps, runId).catch((error: unknown) => {
      if (error instanceof CutterError) return null
      throw error
    })
    const unmet = explained?.refusals.find(
      ({ reason }) => reason === 'NOT_ENOUGH_APPROVERS' || reason === 'SIGNER_NOT_ALLOWED',
    )
    if (unmet !== undefined)
      found.push({ check, status: 'warn', message: unmet.message, next: unmet.next ?? '' })
  }
  if (found.length > 0) return found
  const { approvers } = await listApprovers(deps.trust, {
    ...{ namespace: namespaceOf('cut', 'SG1'), live: true, at: deps.clock.now(), operators: [] },
    policy: { fourEyes: true },
  })
  const nobody = `${deps.trust.allowedSigners} lists nobody: no live run can pass a gate yet`
  return [okay(check, approvers.length === 0 ? nobody : 'enough people may approve')]
}

/** Warns of each revoked key of this instance, with the runs whose closeouts it signed. */
export async function checkInstanceKeys({ deps, store }: App): Promise<Finding[]> {
  const check = 'instance key'
  const { revokedKeys, instanceKey } = deps.trust
  if (revokedKeys === undefined) return [okay(check, 'no file of revoked keys is configured')]
  const runsOf = new Map<string, string[]>()
  const rotations = instanceKey === undefined ? [] : await readKeyRotations(dirname(instanceKey))
  for (const { oldKey, newKey } of rotations.map(readRotationStatement))
    for (const key of [oldKey, newKey]) runsOf.set(typeAndKey(key), [])
  for (const { runId } of await store.list({ status: 'closed', limit: MOST_RUNS, onTampered: () => {} })) {
    const [signed] = await store.closeoutSignatures(runId)
    if (signed?.publicKey == null) continue
    const key = typeAndKey(signed.publicKey)
    runsOf.set(key, [...(runsOf.get(key) ?? []), runId])
  }
  const revoked = await findRevokedKeys([...runsOf.keys()], revokedKeys)
  const found = [...revoked].map((key): Finding => {
    const runs = runsOf.get(key)!
    const signed =
      runs.length === 0
        ? 'it signed no closeout that is kept here'
        : `it signed the closeouts of ${runs.join(', ')}`
    return {
      check,
      status: 'warn',
      message: `the instance's key ${computeFingerprint(key)} is revoked; ${signed}`,
      next: 'cutter instance rotate-key, if it is still in use; have a person countersign those runs: cutter approval countersign <run> --as <principal> --key <file>',
    }
  })
  return found.length === 0 ? [okay(check, 'no key that signed closeouts is revoked')] : found
}

const typeAndKey = (publicKey: string) => publicKey.split(' ').slice(0, 2).join(' ')
