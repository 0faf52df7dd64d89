import type { Effect, EffectContext, EffectResult } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import { contextOfHost, evidenceOfHost } from '../deploy/hosts/host-context.ts'
import { assertRollbackable, hasSeveralHosts } from './assert-rollbackable.ts'
import { type DeployOnHost, listDeployOnHosts } from './deploy-on-hosts.ts'
import type { RollbackDeps } from './deps.ts'
import { defineFindPhase } from './find-phase.ts'
import {
  evidenceOfHosts,
  type HostsRollbackPlan,
  planHostsRollback,
  readHostsRollback,
} from './hosts-rollback.ts'
import { namesLostStaging } from './lost-staging/plan.ts'
import type { RollbackPlan } from './plan.ts'

type Output = { [fact: string]: Json }
interface Given {
  run: string
  planDigest: string | null
}

/**
 * Defines a phase that finds what a deploy left, and plans to take it back: on its host, or on each of its hosts on which it is live, the last one
 * first.
 */
export function defineFindOnHosts(deps: RollbackDeps, name: string): Effect {
  const single = defineFindPhase(deps, name)
  return {
    ...single,
    kind: 'read',
    async execute(context, given) {
      if (namesLostStaging(given as Output)) return single.execute(context, given)
      const run = await deps.run((given as Given).run)
      return hasSeveralHosts(run)
        ? findOnHosts(deps, name, context, given as Given, run)
        : single.execute(context, given)
    },
  }
}

interface Found {
  plan: RollbackPlan
  survey: Json
  output: Output
  evidence: Evidence[]
}

async function findOnHosts(
  deps: RollbackDeps,
  name: string,
  context: EffectContext,
  given: Given,
  run: Run,
): Promise<EffectResult<Output>> {
  const { runId, planDigest: ofPlan } = assertRollbackable(run)
  const deployed = await listDeployOnHosts(context, run, ofPlan)
  const approved = given.planDigest === null ? null : await readHostsRollback(context, given.planDigest)
  const known = approved === null ? [] : await evidenceOfHosts(context, approved)
  const found: Found[] = []
  let nothingLeft: Stop | null = null
  for (const deploy of deployed.toReversed()) {
    const before = known.find(({ host }) => host === deploy.host)
    try {
      found.push(await findOnHost(deps, name, context, { given, deploy, before }))
    } catch (error) {
      // An abandoned deploy may have left nothing on some of its hosts.
      if (run.outcome !== 'abandoned' || !isNothingLeft(error)) throw error
      nothingLeft = error
    }
  }
  if (found.length === 0)
    throw (
      nothingLeft ??
      new Stop('STOP_REFUSED_INPUT', `run ${runId} is live on none of its hosts; nothing was touched`)
    )
  const plan = planHostsRollback({
    machineVersion: context.version,
    mode: context.mode,
    ofRun: runId,
    ofPlan,
    hosts: found.map((one) => one.plan),
  })
  return joinFound(plan, approved, found)
}

const isNothingLeft = (error: unknown): error is Stop =>
  error instanceof Stop && error.facts.code === 'STOP_REFUSED_INPUT'

interface OneHost {
  given: Given
  deploy: DeployOnHost
  before: { plan: Evidence; made: Evidence[] } | undefined
}

/** Finds the deploy on one of its hosts, as if the run had that one alone. */
async function findOnHost(
  deps: RollbackDeps,
  name: string,
  context: EffectContext,
  { given, deploy, before }: OneHost,
): Promise<Found> {
  const { host, alone, plan } = deploy
  const single = defineFindPhase({ ...deps, run: async () => alone }, name)
  const own = contextOfHost(context, host, [plan, ...(before?.made ?? [])])
  const result = await single.execute(own, { ...given, planDigest: before?.plan.digest ?? null })
  const evidence = result.evidence ?? []
  const content = (of: string) =>
    JSON.parse(Buffer.from(evidence.find((one) => one.name === of)!.bytes).toString('utf8')) as Json
  return {
    plan: content('plan/SG2') as unknown as RollbackPlan,
    survey: content('survey/before'),
    output: result.output as Output,
    evidence: evidenceOfHost(
      host,
      evidence.filter((one) => one.name !== 'plan/SG2' && one.name !== 'survey/before'),
    ),
  }
}

function joinFound(
  plan: HostsRollbackPlan,
  approved: HostsRollbackPlan | null,
  found: Found[],
): EffectResult<Output> {
  const planned = jsonEvidence('plan/SG2', plan)
  const survey = jsonEvidence(
    'survey/before',
    Object.fromEntries(found.map((one) => [one.plan.host.name, one.survey])),
  )
  const reports = found.map(({ plan: { host }, output }) => ({
    name: host.name,
    report: output.report as Output,
  }))
  const gone = (approved?.hosts ?? []).filter(({ host }) => reports.every(({ name }) => name !== host.name))
  const differences = [
    ...gone.map(({ host }) => `${host.name}: nothing of the deploy is there any more`),
    ...reports.flatMap(({ name, report }) =>
      ((report.recheck as { differences?: string[] } | null)?.differences ?? []).map(
        (line) => `${name}: ${line}`,
      ),
    ),
  ].slice(0, 100)
  return {
    output: {
      planDigest: planned.digest,
      surveyDigest: survey.digest,
      report: {
        ofRun: plan.ofRun,
        hosts: reports.map(({ name, report: { recheck: _, host: __, ofRun: ___, ...report } }) => ({
          ...report,
          host: name,
          state: 'live',
        })),
        recheck:
          differences.length === 0 ? null : { message: differences.slice(0, 5).join('; '), differences },
      },
    },
    evidence: [survey, planned, ...found.flatMap(({ evidence }) => evidence)],
  }
}
