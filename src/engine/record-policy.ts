import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import type { PolicySnapshot } from '../approvals/policy-snapshot.ts'
import { ABANDON_GATE } from '../domain/approval.ts'
import { listReachedGates } from '../domain/decisions.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { EngineDeps } from './engine-deps.ts'

/** Reads policy and trust files at the gate of a run now. Where none are recorded (a bench), these are the configured ones. */
export async function readPolicyAt(deps: EngineDeps, run: Run): Promise<Partial<PolicySnapshot> & Rules> {
  const gate = run.gate ?? ''
  const reached = await readReachedGates(deps, run)
  return (
    (await deps.inForce?.(run.machine, gate, reached)) ?? {
      policy: deps.policy(run.machine, gate, reached),
      trust: deps.trust,
    }
  )
}

/** Reads the policy of the gate of a run, as it is configured now. */
export async function readGatePolicy(deps: EngineDeps, run: Run): Promise<ApprovalPolicy> {
  return deps.policy(run.machine, run.gate ?? '', await readReachedGates(deps, run))
}

/** Only the policy of `abandon` depends on the gates before. */
async function readReachedGates({ store }: EngineDeps, { runId, gate }: Run): Promise<string[]> {
  return gate === ABANDON_GATE ? listReachedGates(await store.history(runId)) : []
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
