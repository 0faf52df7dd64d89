import type { Outcome } from '../domain/run.ts'
import { type BundleFault, bundleFault } from './bundle-fault.ts'
import type { CheckedApproval } from './checked-approval.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Finds the gates that a run must have passed to close with an outcome, by its machine, version and definition digest. Null for a definition
 * that it does not know.
 */
export type FindRequiredGates = (
  definition: { machine: string; version: string; definitionDigest: string },
  outcome: Outcome,
) => string[] | null

/** A success whose gates are unknown is no success that a checker may rely on. */
export const GATES_UNKNOWN = 'gates unknown'

type GatesChecked =
  | { fault: BundleFault }
  | { fault: null; requiredGates: string[] | null; outcome: Outcome | typeof GATES_UNKNOWN | null }

/**
 * Checks that a run passed each gate that its definition requires for its outcome. `requiredGates` is null when the definition is unknown;
 * the outcome of a run that succeeded is then `gates unknown`.
 */
export function checkGates(
  { run }: RunRecord,
  approvals: CheckedApproval[],
  findRequiredGates: FindRequiredGates,
): GatesChecked {
  const { outcome, machine, definitionDigest } = run
  const requiredGates = outcome === null ? [] : findRequiredGates(run, outcome)
  if (requiredGates === null)
    return { fault: null, requiredGates, outcome: outcome === 'succeeded' ? GATES_UNKNOWN : outcome }
  const passed = gatesApproved(approvals)
  const missing = requiredGates.filter((gate) => !passed.includes(gate))
  if (missing.length === 0) return { fault: null, requiredGates, outcome }
  const message = `the run closed as ${outcome}, but no approval that counted passed ${missing.join(' and ')}, which the definition ${definitionDigest} of ${machine} requires`
  return { fault: bundleFault('GATE_MISSING', 'history.jsonl', message) }
}

/** The names of the gates that the run passed by an approval that counted, in the order of their code units. */
export const gatesApproved = (approvals: CheckedApproval[]): string[] => {
  const passed = approvals.filter(({ counted, decision }) => counted && decision === 'approve')
  return [...new Set(passed.map(({ gate }) => gate))].sort()
}
