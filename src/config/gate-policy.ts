import { CutterError } from '../domain/errors.ts'
import type { GatePolicy } from '../engine/engine-deps.ts'
import { gatesOf } from '../machine/chart-gates.ts'
import type { MachineDefinition } from '../machine/define.ts'
import type { Config } from './load-config.ts'

/** The policy of one gate: what cutter.yaml says, and the defaults for what it leaves out. */
export function gatePolicyOf(
  { approvals }: Pick<Config, 'approvals'>,
  machine: string,
  gate: string,
): GatePolicy {
  const { of, need = 1, fourEyes = true, validHours } = approvals.policy[`${machine}.${gate}`] ?? {}
  return {
    need,
    fourEyes,
    validHours: validHours ?? (gate === 'SG1' ? 24 : 12),
    ...(of === undefined ? {} : { of }),
  }
}

/**
 * Refuses (CONFIG_INVALID) a policy for a gate that the machine has not, or for a machine that nobody knows: a mistyped name must
 * not leave the real gate open to everybody.
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
      if (!known.includes(key)) throw mistyped(key, `machine ${name} has no gate ${gate}`, known)
    } else if (!otherMachines.includes(name)) {
      throw mistyped(key, `there is no machine ${name}`, [...new Set([machine.name, ...otherMachines])])
    }
  }
}

function mistyped(key: string, why: string, known: string[]): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `cutter.yaml can't be used: approvals.policy.${key} decides nothing, since ${why} (known: ${known.join(', ') || 'none'}); nothing was started`,
    { next: 'mend the key: <machine>.<gate>, such as cut.SG1', data: { key, known } },
  )
}
