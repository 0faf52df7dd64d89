import { type EffectContext, withUnsavedEvidence } from '../../../domain/effect.ts'
import type { Evidence } from '../../../domain/evidence.ts'

/** The context of the work on one of several hosts. `made`: evidence that the store does not have under a digest of its own. */
export function contextOfHost(context: EffectContext, host: string, made: Evidence[]): EffectContext {
  const own: PropertyDescriptorMap = {
    // The signal belongs to the effect, which ends its timer.
    signal: { get: () => context.signal },
    deadline: { get: () => context.deadline },
    progress: { value: (text: string) => context.progress(`${host}: ${text}`) },
  }
  return Object.create(withUnsavedEvidence(context, made), own)
}

/** Evidence that is the same for each host, because it comes from the source. */
const OF_ALL = /^(?:source|checks|artifact|artifact\/list)$/

/** The evidence of one host, under names with the host. Its plan is a part of the plan of the run. */
export const evidenceOfHost = (host: string, evidence: Evidence[] = []): Evidence[] =>
  evidence
    .filter(({ name }) => name !== 'plan/SG1')
    .map((one) => (OF_ALL.test(one.name) ? one : { ...one, name: `${one.name}/${host}` }))

/** Each name once: what is the same for all hosts is kept once. */
export const uniqueByName = (evidence: Evidence[]): Evidence[] => [
  ...new Map(evidence.map((one) => [one.name, one])).values(),
]
