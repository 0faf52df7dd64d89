import { BUILT_DIGESTS } from './code-digests.ts'
import { RELEASES } from './released-definitions.ts'

/** Gates that a run must have passed, by the outcome with which it closed. An outcome that is not listed requires none. */
type GatesByOutcome = { [outcome: string]: string[] }

/**
 * The gates that each version of a shipped machine requires. The verifier reads them here, because a bundle could name any chart. A chart
 * that requires other gates gets the next version, so that a digest has one answer.
 */
export const REQUIRED_GATES: { [machine: string]: { [version: string]: GatesByOutcome } } = {
  cut: { '1': { succeeded: ['SG1', 'SG2'] } },
  deploy: { '1': { succeeded: ['SG1'], 'rolled-back': ['SG1'] } },
  migrate: { '1': { succeeded: ['SG1'], 'rolled-back': ['SG1', 'SG2'] } },
  rollback: { '1': { succeeded: ['SG2'] } },
  teardown: { '1': { succeeded: ['SG1'] } },
  adopt: { '1': {} },
}

/** Definition digests of every release and of this build, by machine. */
const KNOWN: { [machine: string]: string | undefined }[] = [
  ...RELEASES.map(({ definitions }) => definitions),
  BUILT_DIGESTS,
]

/**
 * Finds the gates that a run of a shipped machine must have passed to close with an outcome. Null for every other machine, version and
 * definition digest.
 */
export function findRequiredGates(
  { machine, version, definitionDigest }: { machine: string; version: string; definitionDigest: string },
  outcome: string,
): string[] | null {
  if (!Object.hasOwn(REQUIRED_GATES, machine)) return null
  const gates = REQUIRED_GATES[machine]!
  if (!Object.hasOwn(gates, version)) return null
  if (!KNOWN.some((definitions) => definitions[machine] === definitionDigest)) return null
  return gates[version]![outcome] ?? []
}
