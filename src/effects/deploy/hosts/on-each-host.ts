import type { Effect, EffectContext, EffectResult } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import type { Evidence } from '../../../domain/evidence.ts'
import type { DeployPlan } from '../plan.ts'
import { enterHost, learn } from './at-host.ts'
import { evidenceOfHost, uniqueByName } from './host-context.ts'
import { type HostRecord, outputOf, recordsOf, type SeveralInput } from './host-record.ts'
import { joinStops } from './join-stops.ts'
import { type Output, withSeveral } from './with-several.ts'

/** What a phase found on each host. */
export interface FoundOnHosts {
  records: HostRecord[]
  /** The output of each host, in the same order. */
  outputs: Output[]
  evidence: Evidence[]
  /** The plan of each host, from a phase that plans. */
  plans: DeployPlan[]
}

/** Joins what was found on each host to one result. */
type Join = (
  context: EffectContext,
  given: SeveralInput,
  found: FoundOnHosts,
) => EffectResult<Output> | Promise<EffectResult<Output>>

/** A phase before the gate, which works on each host of a run in turn. The findings of all hosts are reported at once. */
export function onEachHost(effect: Effect, join: Join = joinFound): Effect {
  const each = async (
    way: (context: EffectContext, input: unknown) => Promise<unknown>,
    context: EffectContext,
    given: SeveralInput,
  ) => join(context, given, await findOnHosts(effect, way, context, given))
  return withSeveral(effect, {
    execute: (context, given) => each((own, input) => effect.execute(own, input), context, given),
    ...(effect.kind === 'read'
      ? {
          look: async (context, given) => {
            const lines: string[] = []
            for (const record of recordsOf(given)) {
              const at = await enterHost(effect, context, given, record)
              const differences = (await effect.look?.(at.context, at.input)) ?? []
              lines.push(...differences.map((line) => `${record.host}: ${line}`))
            }
            return lines
          },
        }
      : {
          simulate: (context, given) => each((own, input) => effect.simulate(own, input), context, given),
          // These writes leave nothing behind, so that they can be repeated.
          probe: async () => ({ outcome: 'not-committed' }),
        }),
  })
}

/** @throws Stop with what stopped the phase on any of the hosts, once each was asked */
async function findOnHosts(
  effect: Effect,
  way: (context: EffectContext, input: unknown) => Promise<unknown>,
  context: EffectContext,
  given: SeveralInput,
): Promise<FoundOnHosts> {
  const found: FoundOnHosts = { records: [], outputs: [], evidence: [], plans: [] }
  const stops: [host: string, stop: Stop][] = []
  for (const record of recordsOf(given)) {
    const at = await enterHost(effect, context, given, record)
    try {
      const { output, evidence } = (await way(at.context, at.input)) as EffectResult<Output>
      found.records.push(learn(record, output))
      found.outputs.push(output)
      found.evidence.push(...evidenceOfHost(record.host, evidence))
      found.plans.push(...plansAmong(evidence))
    } catch (error) {
      if (!(error instanceof Stop) || context.signal.aborted) throw error
      stops.push([record.host, error])
    }
  }
  if (stops.length > 0) throw joinStops(stops)
  return { ...found, evidence: uniqueByName(found.evidence) }
}

const plansAmong = (evidence: Evidence[] = []): DeployPlan[] =>
  evidence
    .filter(({ name }) => name === 'plan/SG1')
    .map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8')) as DeployPlan)

const joinFound: Join = (_context, _given, { records, evidence }) => ({ output: outputOf(records), evidence })
