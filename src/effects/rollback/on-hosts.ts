import { z } from 'zod'
import type { Effect, EffectContext, EffectResult, ReadEffect, WriteEffect } from '../../domain/effect.ts'
import { bytesEvidence, type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type { Anchors } from '../deploy/host-survey.ts'
import { contextOfHost, evidenceOfHost } from '../deploy/hosts/host-context.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { evidenceOfHosts, type HostsRollbackPlan, readHostsRollback } from './hosts-rollback.ts'

/** The phases of a rollback after its gate, as they work on several hosts: on each as on the only one, one after the other. */

type Output = { [fact: string]: Json }
interface OnHost {
  host: string
  output: Output
  evidence: Evidence[]
}

const anyOutput = z.looseObject({ report: z.looseObject({}) })
const planInput = z.looseObject({ planDigest: z.string() })

/** Takes back what a deploy left. Of several hosts each is asked first, so that what is gone already is passed over. */
export function takeBackOnHosts(single: WriteEffect): Effect {
  const result = (found: OnHost[]): EffectResult<Output> => {
    const sum = (key: string) =>
      found.reduce((total, { output }) => total + Number((output.report as Output)[key] ?? 0), 0)
    const counts = { removed: sum('removed'), ofFiles: sum('ofFiles') }
    return {
      output: { removed: counts.removed, report: counts },
      evidence: found.flatMap(({ evidence }) => evidence),
    }
  }
  return {
    ...single,
    input: planInput,
    async execute(context, given) {
      const plan = await planOf(context, given)
      if (plan === null) return single.execute(context, given)
      return result(
        await onHosts(context, plan, (own, digest) => single.execute(own, { planDigest: digest })),
      )
    },
    async simulate(context, given) {
      const plan = await planOf(context, given)
      if (plan === null) return single.simulate(context, given)
      return result(
        await onHosts(context, plan, (own, digest) => single.simulate(own, { planDigest: digest })),
      )
    },
    async probe(context, given) {
      const plan = await planOf(context, given)
      if (plan === null) return single.probe(context, given)
      const found: OnHost[] = []
      for (const { host, plan: own, made } of await evidenceOfHosts(context, plan)) {
        const probed = await single.probe(contextOfHost(context, host, made), { planDigest: own.digest })
        if (probed.outcome === 'unknown') return { outcome: 'unknown', why: `${host}: ${probed.why}` }
        if (probed.outcome === 'not-committed') return probed
        found.push({ host, output: probed.output as Output, evidence: [] })
      }
      return { outcome: 'committed', ...result(found) }
    },
  }
}

/** The last check of a rollback: on each host nothing of the deploy is left. */
export function closeoutOnHosts(single: ReadEffect): Effect {
  return {
    ...single,
    input: planInput.extend({ surveyDigest: z.string() }),
    output: anyOutput,
    async execute(context, given) {
      const plan = await planOf(context, given)
      if (plan === null) return single.execute(context, given)
      const { surveyDigest } = given as { surveyDigest: string }
      const before = await readJsonEvidence<{ [host: string]: Anchors }>(context, surveyDigest)
      const found = await onHosts(context, plan, (own, digest, host) => {
        const survey = jsonEvidence('survey/before', before[host])
        return single.execute(contextOfHost(own, host, [survey]), {
          planDigest: digest,
          surveyDigest: survey.digest,
        })
      })
      const hosts = found.map(({ host, output }) => ({
        ...(output.report as Output),
        host,
        state: stateOf(context),
      }))
      const pages = found.flatMap(({ evidence }) =>
        evidence.filter(({ name }) => name.startsWith('report/rollback/')).map(({ bytes }) => bytes),
      )
      return {
        output: {
          report: {
            standsAs: found
              .map(({ host, output }) => `${host}: ${(output.report as Output).standsAs}`)
              .join('; '),
            asBefore: hosts.every((one) => (one as Output).asBefore === true),
            hosts: hosts as Json,
          },
        },
        evidence: [
          ...found.flatMap(({ evidence }) => evidence),
          bytesEvidence('report/rollback', 'text/markdown', Buffer.concat(pages)),
        ],
      }
    },
  }
}

const stateOf = ({ mode }: EffectContext) => (mode === 'live' ? 'back' : 'tried')

const planOf = (context: EffectContext, given: unknown): Promise<HostsRollbackPlan | null> =>
  readHostsRollback(context, (given as { planDigest: string }).planDigest)

async function onHosts(
  context: EffectContext,
  plan: HostsRollbackPlan,
  way: (context: EffectContext, planDigest: string, host: string) => Promise<EffectResult<unknown>>,
): Promise<OnHost[]> {
  const found: OnHost[] = []
  for (const { host, plan: own, made } of await evidenceOfHosts(context, plan)) {
    const { output, evidence } = await way(contextOfHost(context, host, made), own.digest, host)
    found.push({ host, output: output as Output, evidence: evidenceOfHost(host, evidence) })
  }
  return found
}
