import { z } from 'zod'
import type { Effect, EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { writeEffect } from '../../machine/define-effect.ts'
import type { DeployDeps } from './deps.ts'
import { CommandFailed, type HostSession } from './host-session.ts'
import type { DeployPlan } from './plan.ts'
import { notConfirmedError } from './promotion.ts'
import { readDeployPlan } from './read-deploy-plan.ts'
import { type CheckOutcome, listLastLines } from './run-check.ts'
import { createRunInTarget, type RunInTarget } from './run-in-target.ts'
import { reportStage, type StageName } from './stages.ts'
import { withNewLogin, withRepeatableWork } from './with-host.ts'
import { EXIT } from './write-commands.ts'

/** What a phase works with: the connection, the approved plan, and the way in which commands run in the deployed folder. */
interface AtTarget {
  session: HostSession
  context: EffectContext
  plan: DeployPlan
  inTarget: RunInTarget
}

interface PhaseResult {
  faults: string[]
  tried: CheckOutcome[]
  why: string
  facts: { [key: string]: string[] | string }
  /** Facts for later phases, and evidence of them. */
  learned?: { [fact: string]: string }
  evidence?: Evidence[]
}

interface CheckPhase {
  name: string
  /** The stage that the phase reports on. `only faults`: another phase reports that it passed. */
  stage: StageName
  reports: 'all' | 'only faults'
  /** Why there is nothing to do, or null. The host is not connected to then. */
  idle(plan: DeployPlan): string | null
  work(at: AtTarget): Promise<PhaseResult>
  /** What is done over a second connection, after work without faults. */
  after?(session: HostSession, context: EffectContext, plan: DeployPlan): Promise<void>
}

/**
 * Defines a phase that works with the deployed program. It can be repeated at any time, so that its probe always answers that it is still
 * to be done. Faults lead to the rollback, or stop the run where the plan says so.
 */
export function defineCheckPhase(deps: DeployDeps, phase: CheckPhase): Effect {
  const { name, stage } = phase
  const report = (status: 'PASS' | 'FAIL' | 'NOT EXECUTED', why: string, facts = {}) =>
    phase.reports === 'all' || status === 'FAIL'
      ? reportStage(stage, status, why, facts)
      : { report: status === 'PASS' && why !== '' ? { [name]: { why, ...facts } } : {} }
  return writeEffect({
    name,
    input: z.object({ host: z.string(), planDigest: z.string() }),
    output: z.looseObject({ passed: z.boolean() }),
    async execute(context, { host, planDigest }) {
      const plan = await readDeployPlan(context, planDigest)
      const idle = phase.idle(plan)
      if (idle !== null) return { output: { passed: true, ...report('NOT EXECUTED', idle) } }
      const { result, sent } = await workOnHost(deps, phase, host, context, plan)
      const { faults, tried, why, facts, learned = {} } = result
      const tries = tried.length === 0 ? [] : [jsonEvidence(`tried/${name}`, tried)]
      const evidence = [...tries, ...(result.evidence ?? []), sent]
      if (faults.length === 0)
        return { output: { passed: true, ...learned, ...report('PASS', why, facts) }, evidence }
      if (plan.onFailure === 'stop') throw checksFailedError(name, faults, tried)
      return {
        output: {
          passed: false,
          failure: `${name}: ${faults[0]}`,
          ...report('FAIL', faults.join('; '), facts),
        },
        evidence,
      }
    },
    async simulate() {
      return {
        output: {
          passed: true,
          ...report('NOT EXECUTED', 'a dry run deploys nothing, so there is nothing to try on the host'),
        },
      }
    },
    probe: async () => ({ outcome: 'not-committed' }),
  })
}

/** @throws STOP_NOT_CONFIRMED when the host rolled back by itself meanwhile. */
async function workOnHost(
  deps: DeployDeps,
  { name, work, after }: CheckPhase,
  host: string,
  context: EffectContext,
  plan: DeployPlan,
): Promise<{ result: PhaseResult; sent: Evidence }> {
  try {
    const done = await withRepeatableWork(deps, context, host, async (session) => {
      const inTarget = createRunInTarget(session, context.runId, plan)
      const result = await work({ session, context, plan, inTarget })
      return { result, sent: session.sent(name) }
    })
    if (done.result.faults.length === 0 && after !== undefined)
      await withRepeatableWork(deps, context, host, (session) => after(session, context, plan), withNewLogin)
    return done
  } catch (error) {
    if (error instanceof CommandFailed && error.exitCode === EXIT.expired) throw notConfirmedError(plan)
    throw error
  }
}

function checksFailedError(name: string, faults: string[], tried: CheckOutcome[]): Stop {
  return new Stop('STOP_CHECKS_FAILED', `${name}: ${faults.slice(0, 5).join('; ')}`, {
    next: 'fix the cause on the host and: cutter run resume <run>; or cutter run cancel <run>, which rolls back',
    // A stop leaves no evidence of its own, so that the history keeps what the commands printed.
    data: { faults: faults.slice(0, 100), tried: tried.slice(-20).map(describeFailed) },
  })
}

const describeFailed = (outcome: CheckOutcome) => {
  const { name, fault, exitCode } = outcome
  return { name, fault, exitCode, lastLines: fault === null ? [] : listLastLines(outcome) }
}
