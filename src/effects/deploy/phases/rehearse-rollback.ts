import { posix } from 'node:path'
import { z } from 'zod'
import { writeEffect } from '../../../machine/define-effect.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { type DeploySurvey, reportPreflight } from '../deploy-survey.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import { makeStaging } from '../make-staging.ts'
import { folderExists, listFolder, readFile } from '../read-commands.ts'
import { rehearsalFolder } from '../rehearsal-folder.ts'
import { promote, withdrawTarget } from '../switch-commands.ts'
import { withHost } from '../with-host.ts'
import * as write from '../write-commands.ts'

/**
 * Rehearses promote and rollback before anybody approves the deploy. It runs the same scripts, in a folder next to the target that is
 * gone afterwards. Because this writes on the host, only a live run does it, and only where cutter.yaml allows it.
 */
export const rehearseRollback = (deps: DeployDeps) =>
  writeEffect({
    name: 'rehearse_rollback',
    beforeApproval: true,
    input: z.object({ host: z.string(), surveyDigest: z.string() }),
    output: z.looseObject({ rollbackRehearsed: z.boolean() }),
    async execute(context, given) {
      const survey = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
      if (!deps.mayRehearseRollback(given.host)) {
        const why =
          'the rollback was not rehearsed: cutter.yaml doesn’t allow that write (hosts.<name>.rehearseRollback)'
        return { output: describeRehearsal(survey, why, false) }
      }
      return withHost(deps, context, given.host, async (session) => {
        await tryBothWays(session, survey, context.runId)
        return {
          output: describeRehearsal(survey, 'the rollback was rehearsed next to the target', true),
          evidence: [session.sent('rehearse_rollback')],
        }
      })
    },
    async simulate(context, given) {
      const survey = await readJsonEvidence<DeploySurvey>(context, given.surveyDigest)
      const why = 'the rollback was not rehearsed: a dry run writes nothing on the host'
      return { output: describeRehearsal(survey, why, false) }
    },
    probe: async () => ({ outcome: 'not-committed' }),
  })

const describeRehearsal = (survey: DeploySurvey, why: string, rehearsed: boolean) => ({
  rollbackRehearsed: rehearsed,
  ...reportPreflight(survey, why),
})

/** Promotes a small tree and rolls it back. Throws when anything of it is left. */
async function tryBothWays(session: HostSession, { place }: DeploySurvey, runId: string): Promise<void> {
  const folder = rehearsalFolder(place)
  const list = () => session.text(listFolder(place.parent, ...place.ours, posix.basename(folder)))
  const before = await list()
  const target = `${folder}/target`
  const isThere = async (path: string) => (await session.run(folderExists(path))).exitCode === 0
  await session.text(write.discard(folder, runId))
  await makeStaging(session, folder, runId)
  const replaces = place.strategy === 'replace'
  await session.text(write.rehearsalTree(folder, runId, replaces))
  await session.text(promote(folder, runId, { target, pointer: null, replaces }))
  await session.text(withdrawTarget(folder, runId, { target, pointer: null, replaces }))
  if (replaces && (await session.run(readFile(`${target}/earlier`))).exitCode !== 0)
    throw new Error(`the rehearsed rollback did not bring the earlier version back to ${target}`)
  if (!replaces && (await isThere(target))) throw new Error(`the rehearsed rollback left ${target}`)
  await session.text(write.discard(folder, runId))
  if ((await isThere(folder)) || (await list()) !== before)
    throw new Error('the rehearsed rollback changed the parent folder')
}
