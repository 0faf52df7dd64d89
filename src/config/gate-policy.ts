import type { ApprovalPolicy } from '../approvals/approval-policy.ts'
import { CutterError } from '../domain/errors.ts'
import { gatesOf } from '../machine/chart-gates.ts'
import type { MachineDefinition } from '../machine/define.ts'
import type { Config } from './load-config.ts'

/** Returns the policy of one gate: the values of cutter.yaml, with the defaults for those that it leaves out. */
export function gatePolicyOf(
  { approvals }: Pick<Config, 'approvals'>,
  machine: string,
  gate: string,
): ApprovalPolicy {
  const configured = approvals.policy[`${machine}.${gate}`] ?? {}
  const { need = 1, fourEyes = true, validHours = gate === 'SG1' ? 24 : 12 } = configured
  return { ...configured, need, fourEyes, validHours }
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
      const known = gatesOf(machine).map((each) => `${name}.${each}`)
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
