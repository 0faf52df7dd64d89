import type { EffectContext } from '../../../domain/effect.ts'
import { defineCheckPhase } from '../check-phase.ts'
import { findMismatch } from '../checks-file.ts'
import type { DeployDeps } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import type { DeployPlan } from '../plan.ts'
import { describeOutcome, listFaults, summarizeOutcome } from '../run-check.ts'
import { runDetached } from '../run-detached.ts'
import { activate as activateCommand, confirm } from '../switch-commands.ts'

/** Starts the program of the new release. A second connection then confirms that the host still lets the user in. */
export const activate = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'activate',
    stage: 'G7',
    reports: 'only faults',
    idle: ({ activation, confirmSeconds }) =>
      activation === null && confirmSeconds === null ? 'no activation was given' : null,
    async work({ session, context, plan: { activation, place } }) {
      if (activation === null) return { faults: [], tried: [], why: '', facts: {} }
      const { run, timeoutSeconds } = activation
      const command = activateCommand(place.staging, context.runId, {
        target: place.target,
        argv: run,
        timeoutSeconds,
      })
      const result = await runDetached(session, command, timeoutSeconds * 1000)
      const outcome = describeOutcome('activate', run, false, findMismatch({ exit: 0 }, result), result)
      return { faults: listFaults([outcome]), tried: [outcome], why: summarizeOutcome(outcome), facts: {} }
    },
    after: confirmReached,
  })

/** Confirms where the plan asks for it. */
async function confirmReached(
  session: HostSession,
  { runId }: EffectContext,
  { place, confirmSeconds }: DeployPlan,
): Promise<void> {
  if (confirmSeconds !== null) await session.text(confirm(place.staging, runId))
}
