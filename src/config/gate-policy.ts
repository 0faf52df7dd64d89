import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import { ABANDON_GATE } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import { gatesOf } from '../machine/chart-gates.ts'
import type { MachineDefinition } from '../machine/define.ts'
import type { Config } from './load-config.ts'

/**
 * Returns the policy of one gate: the values of cutter.yaml, with the defaults for those that it leaves out. `abandon` without a policy of its
 * own has the strictest policy among the gates that the run has passed.
 */
export function gatePolicyOf(
  config: Pick<Config, 'approvals'>,
  machine: string,
  gate: string,
  passed: string[] = [],
): ApprovalPolicy {
  const { approvals } = config
  if (gate === ABANDON_GATE && approvals.policy[`${machine}.${gate}`] === undefined && passed.length > 0)
    return strictestOf(passed.map((each) => gatePolicyOf(config, machine, each)))
  const configured = approvals.policy[`${machine}.${gate}`] ?? {}
  const { need = 1, fourEyes = true, validHours = gate === 'SG1' ? 24 : 12 } = configured
  return { ...configured, need, fourEyes, validHours }
}

/** The policy that needs the most people; of two such the one with four eyes, then the one that names people, then the later one. */
function strictestOf(policies: ApprovalPolicy[]): ApprovalPolicy {
  const rank = ({ need = 1, fourEyes = true, of }: ApprovalPolicy) =>
    need * 4 + (fourEyes ? 2 : 0) + (of === undefined ? 0 : 1)
  return policies.reduce((strictest, each) => (rank(each) >= rank(strictest) ? each : strictest))
}

/**
 * Checks that every configured policy is for a gate that exists, because a mistyped name would leave the real gate without its policy.
 * @param otherMachines names of the machines whose gates are checked elsewhere
 * @throws CONFIG_INVALID when the machine has no such gate, or no such machine is known
 */
export function assertKnownGates(
  { approvals }: Pick<Config, 'approvals'>,
  machine: Pick<MachineDefinition, 'name' | 'logic'>,
  otherMachines: string[],
): void {
  for (const key of Object.keys(approvals.policy)) {
    const [name, gate] = key.split('.') as [string, string]
    if (name === machine.name) {
      const known = [...gatesOf(machine), ABANDON_GATE].map((each) => `${name}.${each}`)
      if (!known.includes(key)) throw unknownGateError(key, `machine ${name} has no gate ${gate}`, known)
    } else if (!otherMachines.includes(name)) {
      throw unknownGateError(key, `there is no machine ${name}`, [
        ...new Set([machine.name, ...otherMachines]),
      ])
    }
  }
}

function unknownGateError(key: string, why: string, known: string[]): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `cutter.yaml can't be used: approvals.policy.${key} decides nothing, since ${why} (known: ${known.join(', ') || 'none'}); nothing was started`,
    { next: 'fix the key: <machine>.<gate>, such as cut.SG1', data: { key, known } },
  )
}
