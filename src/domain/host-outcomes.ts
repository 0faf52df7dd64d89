import { z } from 'zod'
import { canonicalJson, type Json } from './json.ts'
import type { Run } from './run.ts'

/** Where a host of a run with several hosts stands, and why where it failed or was taken back. */
export interface HostOutcome {
  host: string
  state: string
  why: string | null
}

const reported = z.looseObject({
  hosts: z.array(
    z.looseObject({ host: z.string(), state: z.string(), why: z.string().nullable().default(null) }),
  ),
})

/** Machines of users may report hosts of their own, with another meaning. */
const MACHINES = new Set(['deploy', 'rollback', 'adopt'])

/** The hosts of a deploy to several, of its rollback or its adoption, in the order in which the run works on them. Empty for every other run. */
export const listHostOutcomes = ({ machine, output }: Pick<Run, 'machine' | 'output'>): HostOutcome[] =>
  hostsIn(machine, output).map(({ host, state, why }) => ({ host, state, why }))

/** The hosts as a phase reports them, with everything that is known of each. */
export type ReportedHosts = z.infer<typeof reported>['hosts']

/** The hosts in the output of a run, or of one of its phases. */
export const hostsIn = (machine: string, output: Json): ReportedHosts =>
  MACHINES.has(machine) ? (reported.safeParse(output).data?.hosts ?? []) : []

/** The host on which a phase worked: the only one that it changed, else the one at work. Null for a phase that concerns all hosts. */
export function findHostWorkedOn(before: ReportedHosts, after: ReportedHosts): string | null {
  const known = new Map(before.map((one) => [one.host, canonicalJson(one as Json)]))
  const changed = after.filter(
    (one) => known.has(one.host) && known.get(one.host) !== canonicalJson(one as Json),
  )
  if (changed.length === 1) return changed[0]!.host
  return before.find(({ state }) => state === 'working')?.host ?? null
}

/** The host that the message of a failed phase names, which stands before a colon. */
export const findHostNamed = (hosts: ReportedHosts, message: string): string | null =>
  hosts.find(({ host }) => message.startsWith(`${host}: `))?.host ?? null
