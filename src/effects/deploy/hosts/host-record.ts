import { z } from 'zod'
import type { EffectContext } from '../../../domain/effect.ts'
import { namesSeveral, splitHosts } from '../../../domain/host-names.ts'
import type { Json } from '../../../domain/json.ts'
import type { StageName, Stages } from '../stages.ts'

/** Where a host of a deploy to several stands. `tried`: a dry run has come to its end there. `failed`: it was taken back after a fault. */
export type HostState = 'pending' | 'working' | 'live' | 'tried' | 'failed' | 'back'

/** What a run knows of one of its hosts. The history keeps it, so that a later process continues where this one ended. */
export interface HostRecord {
  /** Its name, as the input has it. */
  host: string
  state: HostState
  /** Why it failed or was taken back; null where neither happened. */
  why: string | null
  /** Facts that phases reported of this host: digests of its survey, of its plan and of what its build made. */
  facts: { [name: string]: Json }
  gates: { [stage: string]: Json }
  /** What the report of the run says of it besides. */
  report: { [key: string]: Json }
}

const anyFacts = z.record(z.string(), z.json())

/** A record as the facts of a run hold it. */
export const hostRecord = z.object({
  host: z.string(),
  state: z.enum(['pending', 'working', 'live', 'tried', 'failed', 'back']),
  why: z.string().nullable(),
  facts: anyFacts,
  gates: anyFacts,
  report: anyFacts,
})

/** The part of an input and of the facts that a deploy to several hosts has besides. */
export const severalInput = z.looseObject({
  host: z.string().refine(namesSeveral),
  canary: z.string().optional(),
  maxFailures: z.string().optional(),
  hosts: z.array(hostRecord).optional(),
  planDigest: z.string().nullable().optional(),
})
export type SeveralInput = z.infer<typeof severalInput>

/** The hosts in the order in which the run works on them: the canary first. */
function orderHosts({ host, canary }: Pick<SeveralInput, 'host' | 'canary'>): string[] {
  const names = splitHosts(host)
  return canary === undefined ? names : [canary, ...names.filter((name) => name !== canary)]
}

/** The hosts as the run knows them; at its beginning nothing is known. */
export const recordsOf = (given: SeveralInput): HostRecord[] =>
  given.hosts ??
  orderHosts(given).map((host) => ({
    host,
    state: 'pending',
    why: null,
    facts: {},
    gates: {},
    report: {},
  }))

/** The records with one of them replaced. */
export const withRecord = (records: HostRecord[], changed: HostRecord): HostRecord[] =>
  records.map((one) => (one.host === changed.host ? changed : one))

const STAGES: StageName[] = ['G0', 'G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7']

/** The stages of all hosts as those of the run: one that failed or is blocked on a host counts for the run. */
export function joinStages(records: HostRecord[]): Stages {
  const joined: Stages = {}
  for (const name of STAGES) {
    const reported = records.flatMap(({ host, gates }) => {
      const stage = (gates as Stages)[name]
      return stage === undefined ? [] : [{ host, stage }]
    })
    if (reported.length === 0) continue
    const statuses = reported.map(({ stage }) => stage.status)
    const worst = (['FAIL', 'BLOCKED', 'PASS'] as const).find((status) => statuses.includes(status))
    joined[name] = {
      status: worst ?? 'NOT EXECUTED',
      why: reported.map(({ host, stage }) => `${host}: ${stage.why}`).join('; '),
      facts: Object.fromEntries(reported.map(({ host, stage }) => [host, stage.facts])),
    }
  }
  return joined
}

/** The outcome of each host, as `run show` and the closeout list it. */
const reportHosts = (records: HostRecord[]): Json =>
  records.map(({ host, state, why, report }) => ({
    ...report,
    host,
    state,
    ...(why === null ? {} : { why }),
  }))

/** One line for each host, for reports. */
export const describeHosts = (records: HostRecord[]): string[] =>
  records.map(({ host, state, why }) => `host ${host}: ${state}${why === null ? '' : ` (${why})`}`)

/** The output of a phase: the hosts as facts, and as the report shows them. */
export const outputOf = (records: HostRecord[], more: { [fact: string]: Json } = {}) => {
  const { report = {}, ...facts } = more as { report?: { [key: string]: Json } }
  return {
    ...facts,
    hosts: records as unknown as Json,
    report: { ...report, hosts: reportHosts(records), gates: joinStages(records) as unknown as Json },
  }
}

/** The record of a host on which the deploy has come to its end. */
export const markLive = (
  record: HostRecord,
  { passed }: { [fact: string]: Json },
  { mode }: EffectContext,
): HostRecord => (passed === true ? { ...record, state: mode === 'live' ? 'live' : 'tried' } : record)
