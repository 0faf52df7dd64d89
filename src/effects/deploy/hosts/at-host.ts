import type { Effect, EffectContext, EffectResult, Probe } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import type { Evidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { contextOfHost, evidenceOfHost } from './host-context.ts'
import { type HostRecord, outputOf, recordsOf, type SeveralInput, withRecord } from './host-record.ts'
import { evidenceOfPlan, readHostPlans } from './hosts-plan.ts'
import { type Output, withSeveral } from './with-several.ts'

/** An effect as it works on one of several hosts: its context, its input, and the record of that host. */
export interface AtHost {
  context: EffectContext
  input: unknown
  record: HostRecord
}

interface Options {
  /** Which of the hosts the effect works on. Left out: the one at work. */
  choose?(records: HostRecord[]): HostRecord | undefined
  /** The record afterwards, where the effect changes the state of its host. */
  after?(record: HostRecord, output: Output, context: EffectContext): HostRecord
  /** What the output and the evidence hold besides, once the records are those after the effect. */
  more?(records: HostRecord[], context: EffectContext): { output: Output; evidence?: Evidence[] }
}

const isAtWork = ({ state }: HostRecord) => state === 'working'

/** An effect of a deploy that works on one host at a time. Where the run has several, it works on the host that `choose` names. */
export function atHost(effect: Effect, { choose = findAtWork, after, more }: Options = {}): Effect {
  const settle = (context: EffectContext, given: SeveralInput, record: HostRecord, result: unknown) => {
    const { output, evidence } = result as EffectResult<Output>
    const learned = learn(record, output)
    const changed = after?.(learned, output, context) ?? learned
    const records = withRecord(recordsOf(given), changed)
    const added = more?.(records, context)
    const passed = typeof output.passed === 'boolean' ? { passed: output.passed } : {}
    return {
      output: outputOf(records, { ...passed, ...added?.output }),
      evidence: [...evidenceOfHost(record.host, evidence), ...(added?.evidence ?? [])],
    }
  }
  const run = async (
    way: (context: EffectContext, input: unknown) => Promise<unknown>,
    context: EffectContext,
    given: SeveralInput,
  ) => {
    const at = await enterHost(effect, context, given, choose(recordsOf(given)))
    const result = await way(at.context, at.input).catch((error: unknown) => {
      throw nameHost(at.record, error)
    })
    return settle(context, given, at.record, result)
  }
  return withSeveral(effect, {
    execute: (context, given) => run((own, input) => effect.execute(own, input), context, given),
    ...(effect.kind === 'read'
      ? {}
      : {
          simulate: (context, given) => run((own, input) => effect.simulate(own, input), context, given),
          async probe(context, given): Promise<Probe<Output>> {
            const at = await enterHost(effect, context, given, choose(recordsOf(given)))
            const found = await effect.probe(at.context, at.input)
            if (found.outcome === 'unknown') return { ...found, why: `${at.record.host}: ${found.why}` }
            if (found.outcome !== 'committed') return found
            return { outcome: 'committed', ...settle(context, given, at.record, found) }
          },
        }),
  })
}

/** A stop says on which host the run stands. */
function nameHost({ host }: HostRecord, error: unknown): unknown {
  if (!(error instanceof Stop)) return error
  const { code, message, next, data } = error.facts
  return new Stop(code, `${host}: ${message}`, {
    ...(next === undefined ? {} : { next }),
    ...(data === undefined ? {} : { data }),
    cause: error,
  })
}

const findAtWork = (records: HostRecord[]) => records.find(isAtWork)

/** Context and input of an effect on one host. */
export async function enterHost(
  effect: Effect,
  context: EffectContext,
  given: SeveralInput,
  record: HostRecord | undefined,
): Promise<AtHost> {
  if (record === undefined) throw new Error(`${effect.name} was asked for, and no host is at work`)
  const plans = given.planDigest == null ? null : await readHostPlans(context, given.planDigest)
  const plan = plans?.hosts.find(({ host }) => host.name === record.host)
  const made = plan === undefined ? [] : [evidenceOfPlan(plan)]
  const { hosts: _, planDigest: __, ...shared } = given
  return {
    context: contextOfHost(context, record.host, made),
    input: effect.input.parse({
      ...shared,
      ...record.facts,
      host: record.host,
      gates: { ...stagesOfSource(given.gates), ...record.gates },
      ...(made.length === 0 ? {} : { planDigest: made[0]!.digest }),
    }),
    record,
  }
}

/** Source and artifact are the same for each host, so that the run has their stages once. */
const isOfSource = (stage: string) => stage === 'G1' || stage === 'G2'
const stagesOfSource = (gates: unknown): { [stage: string]: unknown } =>
  Object.fromEntries(Object.entries(gates ?? {}).filter(([stage]) => isOfSource(stage)))
const stagesOfHost = (gates: Json | undefined): { [stage: string]: Json } =>
  Object.fromEntries(Object.entries((gates ?? {}) as Output).filter(([stage]) => !isOfSource(stage)))

/** Facts that say how a phase ended, and facts of the source, which are those of the run. */
const NOT_OF_A_HOST = new Set([
  'passed',
  'planDigest',
  'deployPlanDigest',
  'sourceDigest',
  'checksDigest',
  'artifactDigest',
])
/** Parts of a report that the run has once for all hosts. */
const NOT_IN_HOST = new Set([
  'gates',
  'host',
  'path',
  'recheck',
  'untouched',
  'commit',
  'artifactSha256',
  'failure',
])

/** The record with what an effect reported of its host. */
export function learn(record: HostRecord, output: Output): HostRecord {
  const { report = {}, ...facts } = output as { report?: { [key: string]: Json } } & Output
  const without = (given: { [key: string]: Json }, left: Set<string>) =>
    Object.fromEntries(Object.entries(given).filter(([key]) => !left.has(key)))
  return {
    ...record,
    facts: { ...record.facts, ...without(facts, NOT_OF_A_HOST) },
    gates: { ...record.gates, ...stagesOfHost(report.gates) },
    report: { ...record.report, ...without(report, NOT_IN_HOST) },
  }
}
