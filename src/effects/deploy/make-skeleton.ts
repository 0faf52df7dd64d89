import type { HostSession } from './host-session.ts'
import type { DeployPlan } from './plan.ts'
import { skeleton } from './write-commands.ts'

/** Makes the folders and files in which the deployed program keeps its own data. Existing ones stay as they are. */
export async function makeSkeleton(session: HostSession, { checks, place }: DeployPlan): Promise<void> {
  const { folders, files } = checks.skeleton
  if (folders.length + Object.keys(files).length > 0)
    await session.text(skeleton(place.target, folders, files))
}
