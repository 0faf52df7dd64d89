import { z } from 'zod'
import { count, exact, type MarkdownLine, md, nameSpan, plural, points, table } from '../domain/markdown.ts'
import { deployPlan, deployPlanLines } from './deploy-plan-page.ts'
import { otherPlanLines } from './other-plan-page.ts'
import type { PlanReading } from './plan-reading.ts'

/** What is read of the plan of a deploy to several hosts: each of its hosts has the plan of a deploy. */
export const hostsPlan = z.looseObject({
  type: z.string().startsWith('cutter.plan.deploy-hosts/'),
  serial: z.number(),
  canary: z.string().nullable(),
  maxFailures: z.number(),
  hosts: z
    .array(
      deployPlan.and(
        z.looseObject({
          host: z.looseObject({ name: z.string(), address: z.string(), hostKey: z.string() }),
        }),
      ),
    )
    .min(1),
})
type HostsPlan = z.infer<typeof hostsPlan>

/** The plan of a deploy to several hosts: the hosts in their order, what happens when one fails, and then the plan of each. */
export function hostsPlanLines(reading: PlanReading, plan: HostsPlan): MarkdownLine[] {
  const { hosts, canary, maxFailures } = plan
  const rows = hosts.map(({ host, changes }, index) => [
    count(index + 1),
    host.name === canary ? md`${nameSpan(host.name)}, the canary` : nameSpan(host.name),
    exact(`${host.address} ${host.hostKey}`),
    changes === null ? md`no release runs there` : exact(changes.since.commit),
  ])
  return [
    md`## The hosts, in this order`,
    '',
    ...table(['', 'host', 'address and key', 'runs now'], rows),
    md`## One after the other`,
    '',
    ...points([
      md`All hosts are locked before anything changes on the first one. The next host follows once the one before it is live and proven.`,
      ...(canary === null
        ? []
        : [
            md`The canary ${nameSpan(canary)} goes first. When it fails, the run halts, however many may fail.`,
          ]),
      md`A host whose stage fails is taken back alone. The run halts when more than ${plural(maxFailures, 'host')} failed.`,
      md`A halted run waits for its operator: a resume tries the failed hosts again, and a cancellation takes all hosts back.`,
    ]),
    '',
    ...hosts.flatMap((one, index): MarkdownLine[] => [
      md`# Host ${nameSpan(one.host.name)}`,
      '',
      ...deployPlanLines({ ...reading, plan: planOfHost(reading, index) }, one),
    ]),
  ]
}

/** What is read of the plan of a rollback on several hosts. */
export const hostsRollback = z.looseObject({
  type: z.string().startsWith('cutter.plan.rollback-hosts/'),
  ofRun: z.string(),
  hosts: z.array(
    z.looseObject({
      host: z.looseObject({ name: z.string() }),
      target: z.string(),
      pointer: z.looseObject({ path: z.string(), back: z.string() }).nullable(),
    }),
  ),
})
type HostsRollback = z.infer<typeof hostsRollback>

/** The plan of a rollback on several hosts: what goes back where, and then the plan of each host. */
export function hostsRollbackLines(reading: PlanReading, { hosts }: HostsRollback): MarkdownLine[] {
  const rows = hosts.map(({ host, target, pointer }) => [
    nameSpan(host.name),
    exact(target),
    pointer === null || pointer.back === '' ? '–' : exact(`${pointer.path} → ${pointer.back}`),
  ])
  return [
    md`## The hosts, in this order`,
    '',
    ...table(['host', 'is removed', 'leads again to'], rows),
    ...hosts.flatMap(({ host }, index): MarkdownLine[] => [
      md`# Host ${nameSpan(host.name)}`,
      '',
      ...otherPlanLines({ ...reading, plan: planOfHost(reading, index) }),
    ]),
  ]
}

const planOfHost = ({ plan }: PlanReading, index: number) =>
  (plan as { hosts: PlanReading['plan'][] }).hosts[index]!

/** The head of the page. */
export const hostsRollbackTitle = ({ ofRun, hosts }: HostsRollback) =>
  md`Rollback of run ${nameSpan(ofRun)} on ${plural(hosts.length, 'host')}`

/** The head of the page. */
export const hostsPlanTitle = ({ hosts }: HostsPlan) =>
  md`Deploy to ${exact(hosts[0]!.place.target)} on ${plural(hosts.length, 'host')}`
