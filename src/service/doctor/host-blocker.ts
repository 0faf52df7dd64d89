import { z } from 'zod'
import type { Home } from '../../app/open-home.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import type { Blocker } from '../../engine/blockers.ts'
import { currentSshUser } from '../../targets/ssh/ask-ssh.ts'
import { formatAddress } from '../../targets/ssh/host-errors.ts'
import { readSshSettings } from '../../targets/ssh/ssh-settings.ts'
import { openTools } from '../../tools/open-tools.ts'

/**
 * Finds out whether each host of a run still is the one of its plan: cutter.yaml may name it no more, and then its name is an alias of ssh. Sends
 * nothing to a host. Empty where the run has no host or no plan yet.
 */
export async function findHostBlockers(home: Home, { input, planDigest }: Run): Promise<Blocker[]> {
  if (planDigest === null) return []
  const blockers: Blocker[] = []
  for (const [name, planned] of await readPlannedAddresses(home, input.host, planDigest))
    blockers.push(...(await compareHost(home, name, planned)))
  return blockers
}

async function compareHost(home: Home, host: string, planned: string): Promise<Blocker[]> {
  const { hosts, tools } = await home.config()
  const isNamed = Object.hasOwn(hosts, host)
  const address = await findAddress(home, hosts[host]?.ssh ?? host, openTools(tools))
  if (address === planned) return []
  const now = address === null ? 'ssh can’t say where it is' : `it is ${address} now`
  return [
    {
      reason: 'STOP_DRIFT',
      message: `the plan is for host ${host} at ${planned}, and ${now}${isNamed ? '' : ': cutter.yaml names no such host, so that its name is an alias of ssh'}`,
      next: `have the owner of cutter.yaml correct hosts.${host}, or cancel the run`,
    },
  ]
}

async function findAddress(
  { env, interrupt }: Home,
  alias: string,
  tools: ReturnType<typeof openTools>,
): Promise<string | null> {
  try {
    return formatAddress(await readSshSettings(alias, currentSshUser(env, tools), interrupt))
  } catch {
    return null
  }
}

const planOfHost = z.looseObject({
  type: z.string().optional(),
  host: z.looseObject({ address: z.string(), name: z.string().optional() }),
})
const planOfHosts = z.looseObject({ hosts: z.array(planOfHost) })

/** The address of each host that a plan is for, by its name here. `named`: the host of the input, which a rollback has only in its plan. */
async function readPlannedAddresses(
  { store }: Home,
  named: Json | undefined,
  digest: string,
): Promise<[name: string, address: string][]> {
  const bytes = await store.evidence(digest)
  if (bytes === null) return []
  const plan: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  const alone = planOfHost.safeParse(plan).data
  const plans = alone === undefined ? (planOfHosts.safeParse(plan).data?.hosts ?? []) : [alone]
  return plans.flatMap(({ type, host: { name, address } }): [string, string][] => {
    const known = type?.startsWith('cutter.plan.') ? name : undefined
    const here = known ?? named
    return typeof here === 'string' ? [[here, address]] : []
  })
}
