import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { EngineDeps } from './engine-deps.ts'

/** Reads policy and trust files at the gate of a run now. Where none are recorded (a bench), these are the configured ones. */
export async function readPolicyAt(deps: EngineDeps, run: Run): Promise<Partial<PolicySnapshot> & Rules> {
  const gate = run.gate ?? ''
  return (
    (await deps.inForce?.(run.machine, gate)) ?? {
      policy: deps.policy(run.machine, gate),
      trust: deps.trust,
    }
  )
}

type Rules = Pick<PolicySnapshot, 'policy' | 'trust'>

/** Tells whether a step arrives at a gate, where the policy of that time is recorded. */
export const arrivesAtGate = ({ inForce }: EngineDeps, { run, entry }: Step): boolean =>
  run.status === 'paused' && run.gateSeq === entry.seq && inForce !== undefined

/**
 * Records the policy with a step that arrives at a gate: `again` makes the step a second time, with the digest of the policy in its event
 * and the policy as evidence. Only the step itself tells at which gate it arrives. Snapshots do not depend on the digest.
 */
export async function recordPolicyAtArrival(
  deps: EngineDeps,
  step: Step,
  again: (recorded: { policyDigest: string }, evidence: Evidence[]) => Step,
): Promise<Step> {
  if (!arrivesAtGate(deps, step)) return step
  const { policyDigest, evidence } = await deps.inForce!(step.run.machine, step.run.gate!)
  return again({ policyDigest }, evidence)
}
