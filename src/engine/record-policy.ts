import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { EngineDeps } from './engine-deps.ts'

/** What is in force at a run's gate now. Parts that record none (a bench) answer with the rules alone. */
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

/** Whether a step newly arrives at a gate, where the policy in force is recorded. */
export const arrivesAtGate = ({ inForce }: EngineDeps, { run, entry }: Step): boolean =>
  run.status === 'paused' && run.gateSeq === entry.seq && inForce !== undefined

/**
 * A step that newly arrives at a gate is made once more, with the digest of the policy in its event and the policy beside it as
 * evidence: which gate it arrives at is known only from the step. Snapshots don't depend on the digest.
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
