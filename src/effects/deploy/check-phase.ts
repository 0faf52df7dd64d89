import { z } from 'zod'
import type { Effect } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { writeEffect } from '../../machine/define-effect.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { DeployDeps } from './deps.ts'
import type { HostSession } from './host-session.ts'
import type { DeployPlan } from './plan.ts'
import type { CheckOutcome } from './run-check.ts'
import { reportStage, type StageName } from './stages.ts'
import { readHost } from './with-host.ts'

/** The result of a phase that tries the deployed program. A string says why there was nothing to do. */
type PhaseResult =
  | string
  | { faults: string[]; tried: CheckOutcome[]; why: string; facts: { [key: string]: string[] | string } }

interface CheckPhase {
  name: string
  /** The stage that the phase reports on; null for none. */
  stage: StageName | null
  work(session: HostSession, plan: DeployPlan): Promise<PhaseResult>
}

/**
 * Defines a phase that works with the deployed program after the promote. It can be repeated at any time, so that its probe always
 * answers that it is still to be done. Faults lead to the rollback, or stop the run where the plan says so.
 */
export function defineCheckPhase(deps: DeployDeps, { name, stage, work }: CheckPhase): Effect {
  const report = (status: 'PASS' | 'FAIL' | 'NOT EXECUTED', why: string, facts = {}) =>
    stage === null ? {} : reportStage(stage, status, why, facts)
  return writeEffect({
    name,
    input: z.object({ host: z.string(), planDigest: z.string() }),
    output: z.looseObject({ passed: z.boolean() }),
    async execute(context, given) {
      const plan = await readJsonEvidence<DeployPlan>(context, given.planDigest)
      return readHost(deps, context, given.host, async (session) => {
        const result = await work(session, plan)
        if (typeof result === 'string') return { output: { passed: true, ...report('NOT EXECUTED', result) } }
        const { faults, tried, why, facts } = result
        const evidence = [jsonEvidence(`tried/${name}`, tried), session.sent(name)]
        if (faults.length === 0) return { output: { passed: true, ...report('PASS', why, facts) }, evidence }
        if (plan.onFailure === 'stop') throw checksFailedError(name, faults)
        return {
          output: {
            passed: false,
            failure: `${name}: ${faults[0]}`,
            ...report('FAIL', faults.join('; '), facts),
          },
          evidence,
        }
      })
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

function checksFailedError(name: string, faults: string[]): Stop {
  return new Stop('STOP_CHECKS_FAILED', `${name}: ${faults.slice(0, 5).join('; ')}`, {
    next: 'fix the cause on the host and: cutter run resume <run>; or cutter run cancel <run>, which rolls back',
    data: { faults: faults.slice(0, 100) },
  })
}
