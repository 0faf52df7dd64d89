import { posix } from 'node:path'
import type { EffectContext } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { HostSession } from '../../deploy/host-session.ts'
import { surveyAnchors, surveyFacts } from '../../deploy/host-survey.ts'
import { listFolder, parsePairs } from '../../deploy/read-commands.ts'
import { EXIT } from '../../deploy/write-commands.ts'
import { readStaging } from './commands.ts'
import { type LostStagingInput, type LostStagingPlan, planLostStaging } from './plan.ts'
import { placeOfLostStaging, readLostStagingPlan } from './read-lost-staging-plan.ts'

/**
 * Finds the staging folder of a run that this home does not know, and plans its removal.
 * @throws STOP_REFUSED_INPUT when there is none. @throws STOP_DRIFT when it names another run, or a command works in it.
 */
export async function findLostStaging(
  session: HostSession,
  context: EffectContext,
  { run, host: name, staging, planDigest }: LostStagingInput & { planDigest: string | null },
  phase: string,
) {
  const { hostname, machineId, user, uid, kernel, machine } = await surveyFacts(session, context.now)
  const { type, fingerprint } = session.host.hostKey
  const found = await readLostStaging(session, staging)
  if (found === 'busy') throw occupiedError(`a command is still working in ${staging} on the host`)
  if (found === null)
    throw new Stop('STOP_REFUSED_INPUT', `there is no staging folder at ${staging}; nothing was touched`, {
      next: 'cutter run cancel <run> --reason …',
    })
  if (found.run !== run)
    throw occupiedError(`${staging} belongs to run ${JSON.stringify(found.run)}, and not to ${run}`)
  const { mode, version: machineVersion } = context
  const address = { name, address: session.host.address, hostKey: `${type} ${fingerprint}` }
  const holds = (await session.text(listFolder(staging, 'lock'))).split('\n').filter((line) => line !== '')
  const plan = planLostStaging(
    {
      machineVersion,
      mode,
      ofRun: run,
      host: { ...address, hostname, machineId, user, uid, kernel, machine },
      staging,
      holds: holds.map((line) => line.replaceAll('\t', ' ')),
    },
    found.withdrawn,
  )
  const survey = jsonEvidence('survey/before', await surveyAnchors(session, placeOfLostStaging(plan), []))
  const planned = jsonEvidence('plan/SG2', plan)
  const earlier = planDigest === null ? null : await readLostStagingPlan(context, planDigest)
  return {
    output: { planDigest: planned.digest, surveyDigest: survey.digest, report: describePlan(plan, earlier) },
    evidence: [survey, planned, session.sent(phase)],
  }
}

/** Whose a staging folder is; null where there is none. */
export async function readLostStaging(
  session: HostSession,
  staging: string,
): Promise<{ run: string; withdrawn: boolean } | 'busy' | null> {
  const { exitCode, stdout } = await session.run(readStaging(staging))
  if (exitCode === EXIT.busy) return 'busy'
  const { staging: there, run = '', withdrawn } = parsePairs(stdout.toString('utf8'))
  return there === 'yes' ? { run, withdrawn: withdrawn === 'yes' } : null
}

function describePlan(plan: LostStagingPlan, earlier: LostStagingPlan | null) {
  const { ofRun, host, staging, keep } = plan
  const [was, is] = [earlier?.holds ?? plan.holds, plan.holds]
  const differences = [
    ...is.filter((line) => !was.includes(line)).map((line) => `${staging} now holds ${line}`),
    ...was.filter((line) => !is.includes(line)).map((line) => `${staging} no longer holds ${line}`),
  ].slice(0, 100)
  return {
    ofRun,
    host: { name: host.name, address: host.address },
    staging: posix.normalize(staging),
    keep,
    recheck: differences.length === 0 ? null : { message: differences.slice(0, 5).join('; '), differences },
  }
}

const occupiedError = (why: string) =>
  new Stop('STOP_DRIFT', `${why}; nothing was touched`, {
    next: 'wait for it, then: cutter run resume <run>; or cancel this run and name the run of the folder',
  })
