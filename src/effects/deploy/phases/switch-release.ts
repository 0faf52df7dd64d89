import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { CommandFailed } from '../host-session.ts'
import { makeSkeleton } from '../make-skeleton.ts'
import { placeOf, switchesFirst } from '../plan.ts'
import { switchOver } from '../switch-commands.ts'
import { EXIT } from '../write-commands.ts'

/** Makes the new release live: the pointer turns in one rename. A plan of v1 did that before; its skeleton is made here. */
export const switchRelease = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'switch_release',
    stage: 'G7',
    reports: 'only faults',
    idle: (plan) =>
      plan.pointer === null && plan.confirmSeconds === null && !switchesFirst(plan)
        ? 'no pointer leads to the target'
        : null,
    async work({ session, context, plan }) {
      const done = { faults: [] as string[], tried: [], why: '', facts: {} }
      if (switchesFirst(plan)) {
        await makeSkeleton(session, plan, context.runId)
        return done
      }
      const { place, pointer, confirmSeconds, activation } = plan
      const back = activation?.back ?? null
      const command = switchOver(place.staging, context.runId, placeOf(plan), confirmSeconds, back)
      const result = await session.run(command)
      if (result.exitCode === EXIT.pointerMoved)
        return { ...done, faults: ['the pointer leads elsewhere since the plan was approved'] }
      if (result.exitCode !== 0) throw new CommandFailed(command, result)
      const live = pointer === null ? place.target : `${pointer.path} → ${pointer.to}`
      return { ...done, why: `${live} is live`, facts: { at: context.now().toISOString() } }
    },
  })
