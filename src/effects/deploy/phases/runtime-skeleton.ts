import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { skeleton } from '../write-commands.ts'

/** Makes the folders and files in which the deployed program keeps its own data. */
export const runtimeSkeleton = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'runtime_skeleton',
    stage: null,
    async work(session, { checks, place }) {
      const { folders, files } = checks.skeleton
      if (folders.length + Object.keys(files).length > 0)
        await session.text(skeleton(place.target, folders, files))
      return { faults: [], tried: [], why: '', facts: {} }
    },
  })
