import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { namesSeveral } from '../../domain/host-names.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import { readAdopted } from '../deploy/adopted-release.ts'

/** Whether a run deployed to several hosts, or adopted such a deploy. */
export const hasSeveralHosts = (run: Run): boolean =>
  run.machine === 'deploy'
    ? namesSeveral((run.input as { host?: Json }).host)
    : readAdopted(run).some(({ of }) => of !== undefined)

/**
 * The deploy that a run made or adopted: its run, the digest of its plan, and that of the list of what its build made. `host`: the name of
 * its host in this home; null where the plan has it, and for several hosts.
 * @throws INPUT_REFUSED when the run left nothing that a rollback could remove, with what to do instead.
 */
export function assertRollbackable(run: Run): {
  runId: string
  planDigest: string
  builtDigest: string | null
  host: string | null
} {
  const [adopted] = readAdopted(run)
  if (adopted?.of !== undefined)
    return { runId: adopted.run, planDigest: adopted.of.plan, builtDigest: null, host: null }
  if (adopted !== undefined)
    return {
      runId: adopted.run,
      planDigest: adopted.plan,
      builtDigest: adopted.built,
      host: adopted.host.name,
    }
  const { runId, machine, mode, status, outcome, planDigest } = run
  const notRollbackableError = (why: string, next: string) =>
    new CutterError('INPUT_REFUSED', `run ${runId} can't be rolled back: ${why}; nothing was touched`, {
      next,
      data: { runId },
    })
  if (machine !== 'deploy') throw notRollbackableError(...(OTHER_MACHINES[machine] ?? OTHER_MACHINES.own!))
  if (status !== 'closed') {
    throw notRollbackableError(
      'it is not closed, and removes itself what it made when it is cancelled',
      `cutter run cancel ${runId} --reason …`,
    )
  }
  const show = `cutter run show ${runId}`
  if (mode !== 'live') throw notRollbackableError('it was a dry run, which made nothing', show)
  if (planDigest === null) throw notRollbackableError('it ended before it had a plan', show)
  if (outcome !== 'succeeded' && outcome !== 'abandoned')
    throw notRollbackableError(`it ended as ${outcome}, so nothing of it is left`, show)
  return { runId, planDigest, builtDigest: builtOf(run), host: null }
}

const buildReport = z.looseObject({ build: z.looseObject({ list: z.string() }) })

/** The digest of the list of what the build of a deploy made; null where there was none. */
export const builtOf = ({ output }: Pick<Run, 'output'>) =>
  buildReport.safeParse(output).data?.build.list ?? null

/** Why runs of other machines can't be rolled back, and what to do instead. */
const OTHER_MACHINES: { [machine: string]: [why: string, next: string] } = {
  cut: [
    'text in force is never deleted, only replaced by another cut',
    'restore the earlier text and cut it: cutter run start cut …',
  ],
  migrate: [
    'a migration is rolled back in its own run, at gate SG2, when its verification fails; this one is closed',
    'write another migration: cutter migrate new …',
  ],
  adopt: ['it has recognised no release', 'cutter run adopt <bundle>'],
  own: ['only a deploy can', 'start a run that does the opposite'],
}
