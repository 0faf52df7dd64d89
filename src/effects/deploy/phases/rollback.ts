import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { type DeployDeps, readEvidenceJson, withHost } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { compareAnchors, surveyAnchors } from '../host-survey.ts'
import type { DeployPlan, DeploySurvey } from '../plan.ts'
import { parsePairs, readPromoteState } from '../read-commands.ts'
import { completeStages, formatDeployReport, type Stages } from '../stages.ts'
import * as write from '../write-commands.ts'

const input = z.object({
  host: z.string(),
  planDigest: z.string(),
  surveyDigest: z.string(),
  gates: z.looseObject({}),
  failure: z.string().default('it was asked for'),
})
const output = z.looseObject({ report: z.looseObject({}) })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** The planned way back: the pointer, the target in one rename, staging; only what names this run, and nothing is left to undo. */
export function rollback(world: DeployDeps): WriteEffect<Input, Output> {
  return {
    name: 'rollback',
    kind: 'write',
    input,
    output,
    async execute(context, given) {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      return withHost(world, context, given.host, async (hand) => {
        const { staging, target } = plan.place
        await hand.text(write.stage(staging, context.runId))
        await hand.text(write.withdrawTarget(staging, context.runId, target, plan.pointer))
        await hand.text(write.discard(staging, context.runId))
        if (!(await gone(hand, context, plan)))
          throw new Error(`${target} still names this run after the rollback`)
        return backResult(hand, context, plan, given)
      })
    },
    async simulate(_context, given) {
      return { output: reported(given, 'a dry run made nothing, so nothing was removed', {}) }
    },
    async probe(context, given): Promise<Probe<Output>> {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      return withHost(world, context, given.host, async (hand): Promise<Probe<Output>> => {
        if (!(await gone(hand, context, plan))) return { outcome: 'not-committed' }
        return { outcome: 'committed', ...(await backResult(hand, context, plan, given)) }
      })
    },
  }
}

async function stands(hand: HostSession, { runId }: EffectContext, { place, pointer }: DeployPlan) {
  const { exitCode, stdout } = await hand.run(
    readPromoteState(place.staging, place.target, runId, pointer?.path, pointer?.to),
  )
  if (exitCode === write.EXIT.busy)
    throw new Stop('STOP_ROLLBACK_FAILED', 'an earlier command of this run still works on the host', {
      next: 'wait, then: cutter run resume <run>',
    })
  return parsePairs(stdout.toString('utf8'))
}

async function gone(hand: HostSession, context: EffectContext, plan: DeployPlan): Promise<boolean> {
  const { staging, mine, manifest, pointer: points } = await stands(hand, context, plan)
  return (
    manifest === 'no' && !(staging === 'yes' && mine === 'yes') && (plan.pointer === null || points === 'no')
  )
}

async function backResult(
  hand: HostSession,
  context: EffectContext,
  plan: DeployPlan,
  given: Input,
): Promise<EffectResult<Output>> {
  const { anchors } = await readEvidenceJson<DeploySurvey>(context, given.surveyDigest)
  const { tolerated, ...found } = compareAnchors(
    anchors,
    await surveyAnchors(hand, plan.place),
    plan.checks.tolerate,
  )
  const { target } = await stands(hand, context, plan)
  const besides = `something is at ${plan.place.target} that does not name this run, and was left there`
  const strict = target === 'absent' ? found.strict : [besides, ...found.strict]
  const facts = {
    removed: plan.place.target,
    asBefore: strict.length === 0,
    differences: strict.slice(0, 50),
    tolerated: tolerated.slice(0, 50),
  }
  const output = reported(
    given,
    strict.length === 0
      ? 'rolled back: the host is as it was'
      : `rolled back; besides, the host changed: ${strict[0]}`,
    facts,
  )
  const text = formatDeployReport(
    `Deploy ${context.runId}: rolled back`,
    output.report.gates as unknown as Required<Stages>,
    [given.failure, ...strict],
  )
  return {
    output,
    evidence: [bytesEvidence('report/deploy', 'text/markdown', Buffer.from(text)), hand.sent('rollback')],
  }
}

function reported({ gates, failure }: Input, what: string, facts: { [key: string]: Json }) {
  return {
    report: {
      ...{ failure, standsAs: what },
      gates: completeStages(gates as Stages, failure) as unknown as Json,
      rollback: { what, because: failure, ...facts },
    },
  }
}
