import type { ApprovalPolicy, KeyPolicy } from '../approvals/approval-policy.ts'
import { ABANDON_GATE } from '../domain/approval.ts'
import { CutterError } from '../domain/errors.ts'
import { gatesOf } from '../machine/chart-gates.ts'
import type { MachineDefinition } from '../machine/define.ts'
import type { Config } from './load-config.ts'

/**
 * Returns the policy of one gate: the values of cutter.yaml, with the defaults for those that it leaves out. `abandon` without a policy of its
 * own asks what all gates ask together at which the run has arrived. Before the first arrival these are all gates of the machine that have a
 * policy.
 */
export function gatePolicyOf(
  config: Pick<Config, 'approvals'>,
  machine: string,
  gate: string,
  reached: string[] = [],
): ApprovalPolicy {
  const { approvals } = config
  if (gate === ABANDON_GATE && approvals.policy[`${machine}.${gate}`] === undefined) {
    const gates = reached.length > 0 ? reached : configuredGates(config, machine)
    if (gates.length > 0) return gates.map((each) => gatePolicyOf(config, machine, each)).reduce(strictestOf)
  }
  const configured = approvals.policy[`${machine}.${gate}`] ?? {}
  const { need = 1, fourEyes = true, validHours = gate === 'SG1' ? 24 : 12 } = configured
  return { ...configured, need, fourEyes, validHours }
}

const configuredGates = ({ approvals }: Pick<Config, 'approvals'>, machine: string): string[] =>
  Object.keys(approvals.policy)
    .filter((key) => key.startsWith(`${machine}.`))
    .map((key) => key.slice(machine.length + 1))

/** The policy that asks everything that two policies ask. Whoever fulfils it fulfils both. */
function strictestOf(a: ApprovalPolicy, b: ApprovalPolicy): ApprovalPolicy {
  return {
    validHours: Math.min(a.validHours, b.validHours),
    need: Math.max(a.need ?? 1, b.need ?? 1),
    fourEyes: (a.fourEyes ?? true) || (b.fourEyes ?? true),
    of: inBoth(a.of, b.of),
    presence: stricterOf(a.presence, b.presence),
    verification: stricterOf(a.verification, b.verification),
    // Without origins no web page may ask, while people and RP ids that are left out are not limited.
    origins: inBoth(a.origins ?? [], b.origins ?? []),
    rpIds: inBoth(a.rpIds, b.rpIds),
  }
}

const inBoth = (a: string[] | undefined, b: string[] | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : a.filter((one) => b.includes(one))

/** A value that is left out is stricter than `preferred`: security keys must then show a touch. */
function stricterOf(a: KeyPolicy['presence'], b: KeyPolicy['presence']) {
  return a === 'required' || b === 'preferred' ? a : b
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
