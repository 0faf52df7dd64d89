import { teardown as definition } from '../../machines/teardown.ts'
import { type TeardownDeps, teardownEffects } from '../effects/teardown/index.ts'
import type { RunStore } from '../store/run-store.ts'
import { defineBuiltin } from './builtin-machine.ts'
import { createRehearsalCopies, type RehearsalServerDeps } from './rehearsal-servers.ts'

/** What a teardown needs of the app. */
export interface TeardownAppDeps extends RehearsalServerDeps {
  store: Pick<RunStore, 'run'>
}

const connect = (deps: TeardownAppDeps): TeardownDeps => ({
  copies: createRehearsalCopies(deps),
  isOver: async (runId) => ((await deps.store.run(runId))?.status ?? 'closed') === 'closed',
})

export const teardown = defineBuiltin({
  definition,
  example: 'cutter run start teardown --run 0f3a9c1d',
  connect,
  effects: teardownEffects,
  admit: async (_world: TeardownDeps, input) => input,
})
