import { CutterError } from '../../domain/errors.ts'
import { type RenamedHost, splitRenamedHosts } from '../../domain/host-names.ts'
import { isLive, type ProvenHost } from './proven-hosts.ts'

/**
 * The name of the only host of a deploy in this home. `given`: `--host`; left out where the name is that of the plan.
 * @throws INPUT_REFUSED for a list of names
 */
export function nameHost(runId: string, planned: string, given: string | undefined): string {
  if (given === undefined || !/[=,]/.test(given)) return given ?? planned
  throw refusedError(
    `--host ${given} names several hosts, and run ${runId} deployed to one, ${planned}`,
    'give its name here alone, such as --host web',
  )
}

/**
 * The name of each host of a deploy to several in this home, by its name in the plan. Hosts that `given` leaves out have the name of the plan.
 * @param given `--host`, such as `web1=shop1,web2=shop2`
 * @throws INPUT_REFUSED for a name without `=`, a name that the plan does not have, and two names that lead to one host
 */
export function nameHosts(
  runId: string,
  hosts: ProvenHost[],
  given: string | undefined,
): Map<string, string> {
  const planned = hosts.map(({ host }) => host)
  const renamed = given === undefined ? [] : splitRenamedHosts(given)
  for (const one of renamed) assertNames(runId, planned, one, given!)
  const there = renamed.map((one) => one.there!)
  const twice = there.find((name, index) => there.indexOf(name) !== index)
  if (twice !== undefined) throw refusedError(`--host ${given} names ${twice} twice`, 'name each host once')
  const names = new Map(planned.map((name) => [name, name]))
  for (const one of renamed) names.set(one.there!, one.here)
  // A host that is passed over counts only where it is named: nobody asks it.
  const asked = hosts.filter((one) => isLive(one) || there.includes(one.host)).map(({ host }) => host)
  for (const [index, name] of asked.entries()) {
    const other = asked.slice(0, index).find((earlier) => names.get(earlier) === names.get(name))
    if (other !== undefined)
      throw refusedError(
        `${other} and ${name} of run ${runId} would both be the host ${names.get(name)} here`,
        `name each host of the deploy by another one here: ${formOf(planned)}`,
      )
  }
  return names
}

function assertNames(runId: string, planned: string[], { there, here }: RenamedHost, given: string): void {
  if (there === null || there === '' || here === '')
    throw refusedError(
      `--host ${given} does not say which host is which, and run ${runId} deployed to several: ${planned.join(', ')}`,
      `give the names of the plan and those here: ${formOf(planned)}`,
    )
  if (!planned.includes(there))
    throw refusedError(
      `--host ${given} names ${there}, which is none of the hosts of run ${runId}: ${planned.join(', ')}`,
      `give the names of the plan and those here: ${formOf(planned)}`,
    )
}

const formOf = (planned: string[]) =>
  `--host ${planned
    .slice(0, 2)
    .map((name) => `${name}=<name here>`)
    .join(',')}`

const refusedError = (why: string, next: string) =>
  new CutterError('INPUT_REFUSED', `${why}; nothing was adopted`, { next })
