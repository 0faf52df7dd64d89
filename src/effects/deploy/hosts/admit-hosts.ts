import { CutterError } from '../../../domain/errors.ts'
import { namesSeveral, splitHosts } from '../../../domain/host-names.ts'
import type { Json } from '../../../domain/json.ts'

/** More would make the plan, which holds the commands of each host, too long to be read. */
const MAX_HOSTS = 50

/**
 * The hosts of a deploy as its input names them, with commas between them and nothing else.
 * @throws INPUT_REFUSED when a name is missing or occurs twice, and for options that need several hosts, or that fit none of them
 */
export function admitHosts(input: { [key: string]: Json }): { host?: string } {
  const { host, serial, canary, maxFailures } = input as { [key: string]: string | undefined }
  if (!namesSeveral(host)) {
    const given = Object.entries({ serial, canary, 'max-failures': maxFailures }).find(
      ([, value]) => value !== undefined,
    )
    if (given !== undefined) throw refusedError(`--${given[0]} needs several hosts`, '--host web1,web2')
    return {}
  }
  const names = splitHosts(host)
  if (names.includes('')) throw refusedError(`--host ${host} names an empty host`, '--host web1,web2')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refusedError(`--host ${host} names ${twice} twice`, 'name each host once')
  if (names.length > MAX_HOSTS)
    throw refusedError(
      `--host names ${names.length} hosts, and a plan holds at most ${MAX_HOSTS}`,
      'start several runs',
    )
  if (serial !== undefined && serial !== '1')
    throw refusedError(
      `--serial ${serial} is not possible: a run works on one host at a time`,
      'leave --serial out, or give --serial 1; hosts that need not wait for each other get runs of their own',
    )
  if (canary !== undefined && !names.includes(canary))
    throw refusedError(`--canary ${canary} is none of the hosts ${names.join(', ')}`, `--canary ${names[0]}`)
  if (maxFailures !== undefined && Number.parseInt(maxFailures, 10) >= names.length)
    throw refusedError(
      `--max-failures ${maxFailures} would never halt a run with ${names.length} hosts`,
      `--max-failures ${names.length - 1} at most`,
    )
  return { host: names.join(',') }
}

const refusedError = (why: string, next: string) =>
  new CutterError('INPUT_REFUSED', `${why}; no host was touched`, { next })
