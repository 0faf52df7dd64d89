import { findAbandonment } from '../domain/begun-writes.ts'
import type { Json } from '../domain/json.ts'
import { code, type Markdown, md } from '../domain/markdown.ts'
import type { StoredRun } from '../store/run-store.ts'
import { listHostPlans, type Plan, planOf } from './plan-section.ts'

/** Where an abandoned deploy may have left something. Nobody looked, so nobody knows whether it did. */
export interface LeftOnHost {
  host: string
  /** The folder that names the run, which keeps other deploys to the same target away. */
  staging: string
  target: string
  /** The command that takes back what is there, and removes that folder. */
  command: string
}

/** Null for a run that is no abandoned deploy, or that was abandoned before it wrote anything. */
export function findLeftOnHost(record: Pick<StoredRun, 'run' | 'history' | 'contents'>): LeftOnHost | null {
  const { runId, machine, mode, outcome, planDigest } = record.run
  if (machine !== 'deploy' || mode !== 'live' || outcome !== 'abandoned') return null
  const { unsettledWrites = [] } = findAbandonment(record.history) ?? {}
  const isApproved = record.history.some(({ event }) => event.type === 'APPROVE')
  if (unsettledWrites.length === 0 && !isApproved) return null
  const plan = planOf(record, planDigest)
  const plans = listHostPlans(plan).map(([, one]) => one)
  // Several hosts have the same paths.
  const first = plans[0] ?? plan
  const { staging, target } = (first?.place ?? {}) as { [key: string]: Json }
  const addressOf = (one: Plan | null) => ((one?.host ?? {}) as { [key: string]: Json }).address
  const address = plans.length > 1 ? plans.map(addressOf).join(', ') : addressOf(first)
  if (typeof staging !== 'string' || typeof target !== 'string' || typeof address !== 'string') return null
  return { host: address, staging, target, command: `cutter run rollback ${runId} --mode live` }
}

/** The same as a sentence of the closeout report. */
export const describeLeftOnHost = ({ host, staging, target, command }: LeftOnHost): Markdown =>
  md`Nobody looked at the host ${code(host)}: something of this run may be at ${code(target)}, and its staging folder ${code(staging)} refuses other deploys to that path. When the host can be reached, ${code(command)} takes back what is there and removes that folder.`
