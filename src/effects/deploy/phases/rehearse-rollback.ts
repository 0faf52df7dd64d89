import { posix } from 'node:path'
import { z } from 'zod'
import type { WriteEffect } from '../../../domain/effect.ts'
import { type DeployDeps, readEvidenceJson, withHost } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import type { DeployPaths } from '../paths.ts'
import type { DeploySurvey } from '../plan.ts'
import { listFolder } from '../read-commands.ts'
import * as write from '../write-commands.ts'
import { reportPreflight } from './preflight.ts'

const input = z.object({ host: z.string(), surveyDigest: z.string() })
const output = z.looseObject({ rollbackRehearsed: z.boolean() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * Tries the way back before anybody approves the way there: the very scripts of promote and rollback, on a scratch folder beside the target
 * that is gone afterwards. It writes on the host, so only a live run does it, and only where cutter.yaml allows it.
 */
export function rehearseRollback(world: DeployDeps): WriteEffect<Input, Output> {
  const said = (survey: DeploySurvey, why: string, rehearsed: boolean) => ({
    output: { rollbackRehearsed: rehearsed, ...reportPreflight(survey, why) },
  })
  return {
    name: 'rehearse_rollback',
    kind: 'write',
    beforeApproval: true,
    input,
    output,
    async execute(context, given) {
      const survey = await readEvidenceJson<DeploySurvey>(context, given.surveyDigest)
      if (!world.mayRehearseRollback(given.host)) {
        return said(
          survey,
          'the rollback was not rehearsed: cutter.yaml doesn’t allow that write (hosts.<name>.rehearseRollback)',
          false,
        )
      }
      return withHost(world, context, given.host, async (hand) => {
        await tryBothWays(hand, survey, context.runId)
        return {
          ...said(survey, 'the rollback was rehearsed beside the target', true),
          evidence: [hand.sent('rehearse_rollback')],
        }
      })
    },
    async simulate(context, given) {
      return said(
        await readEvidenceJson<DeploySurvey>(context, given.surveyDigest),
        'the rollback was not rehearsed: a dry run writes nothing on the host',
        false,
      )
    },
    async probe() {
      return { outcome: 'not-committed' }
    },
  }
}

const cleared = z.object({ report: z.object({ cleared: z.boolean() }) })
type Cleared = z.infer<typeof cleared>

/** For a run that is cancelled in the midst of its rehearsal. */
export function clearRehearsal(world: DeployDeps): WriteEffect<Input, Cleared> {
  return {
    name: 'clear_rehearsal',
    kind: 'write',
    beforeApproval: true,
    input,
    output: cleared,
    async execute(context, given) {
      const { place } = await readEvidenceJson<DeploySurvey>(context, given.surveyDigest)
      return withHost(world, context, given.host, async (hand) => {
        await hand.text(write.discard(scratchOf(place), context.runId))
        return { output: { report: { cleared: true } }, evidence: [hand.sent('clear_rehearsal')] }
      })
    },
    simulate: async () => ({ output: { report: { cleared: false } } }),
    probe: async () => ({ outcome: 'not-committed' }),
  }
}

const scratchOf = ({ staging }: DeployPaths) => `${staging}-rehearsal`

async function tryBothWays(hand: HostSession, { place }: DeploySurvey, runId: string): Promise<void> {
  const scratch = scratchOf(place)
  const look = () => hand.text(listFolder(place.parent, ...place.ours, posix.basename(scratch)))
  const before = await look()
  const target = `${scratch}/target`
  await hand.text(write.discard(scratch, runId))
  await hand.text(write.stage(scratch, runId))
  await hand.text(write.rehearsalTree(scratch, runId))
  await hand.text(write.promote(scratch, runId, target, null, null))
  await hand.text(write.withdrawTarget(scratch, runId, target, null))
  if ((await hand.host.stat(target)) !== null) throw new Error(`the rehearsed rollback left ${target}`)
  await hand.text(write.discard(scratch, runId))
  if ((await hand.host.stat(scratch)) !== null || (await look()) !== before)
    throw new Error('the rehearsed rollback left the parent folder otherwise than it was')
}
