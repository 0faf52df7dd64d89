import type { RunResult } from '../../targets/ssh/open-host.ts'
import type { HostSession } from './host-session.ts'
import { type DeployPlan, switchesFirst } from './plan.ts'
import { runDetached } from './run-detached.ts'
import { runInTarget } from './switch-commands.ts'
import { inFolder } from './write-commands.ts'

/** Runs a command in the deployed folder, and returns its result whatever the exit code. */
export type RunInTarget = (id: string, argv: string[], timeoutMs: number) => Promise<RunResult>

/** The way in which the commands of a checks file run. A deploy by a plan of v1 keeps no staging folder, into which their output goes. */
export const createRunInTarget =
  (session: HostSession, runId: string, plan: DeployPlan): RunInTarget =>
  (id, argv, timeoutMs) =>
    switchesFirst(plan)
      ? session.run(inFolder(id, plan.place.target, argv), { timeoutMs })
      : runDetached(
          session,
          runInTarget(id, plan.place.staging, runId, {
            target: plan.place.target,
            argv,
            timeoutSeconds: timeoutMs / 1000,
          }),
          timeoutMs,
        )
