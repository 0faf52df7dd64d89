import { teardown as definition } from '../../machines/teardown.ts'
import type { TeardownDeps } from '../effects/teardown/deps.ts'
import type { RunStore } from '../store/run-store.ts'
import { defineBuiltin } from './builtin-machine.ts'
import { createRehearsalDatabases, type RehearsalServerDeps } from './rehearsal-servers.ts'

/** What a teardown needs of the app. */
export interface TeardownAppDeps extends RehearsalServerDeps {
  store: Pick<RunStore, 'run'>
}

const connect = (deps: TeardownAppDeps): TeardownDeps => ({
  rehearsalDatabases: createRehearsalDatabases(deps),
  isRunClosed: async (runId) => ((await deps.store.run(runId))?.status ?? 'closed') === 'closed',
})

export const teardown = defineBuiltin({
  definition,
  example: 'cutter run start teardown --run 0f3a9c1d',
  needs: () => ['home'],
  connect,
  async work() {
    const { teardownEffects } = await import('../effects/teardown/index.ts')
    return { effects: teardownEffects, admit: async (_world: TeardownDeps, input) => input }
  },
})
