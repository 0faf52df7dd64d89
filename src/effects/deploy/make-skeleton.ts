import type { HostSession } from './host-session.ts'
import { type DeployPlan, stagedBy } from './plan.ts'
import { skeleton } from './write-commands.ts'

/** Makes the folders and files in which the deployed program keeps its own data. Existing ones stay as they are. */
export async function makeSkeleton(session: HostSession, plan: DeployPlan, run: string): Promise<void> {
  const { folders, files } = plan.checks.skeleton
  if (folders.length + Object.keys(files).length > 0)
    await session.text(skeleton(stagedBy(plan, run), plan.place.target, folders, files))
}
