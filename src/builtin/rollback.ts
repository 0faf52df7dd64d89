import { rollback as definition } from '../../machines/rollback.ts'
import type { RollbackDeps } from '../effects/rollback/index.ts'
import { loadRun } from '../engine/load-run.ts'
import type { RunStore } from '../store/run-store.ts'
import { listAdopted } from './adopted-releases.ts'
import { defineBuiltin } from './builtin-machine.ts'
import { createHostOpener, type HostDeps, listHostTools } from './deploy.ts'

/** What a rollback needs of the app. */
export interface RollbackAppDeps extends HostDeps {
  store: RunStore
}

export const rollback = defineBuiltin({
  definition,
  example: 'cutter run start rollback --run 0f3a9c1d',
  needs: () => ['home'],
  connect: (deps: RollbackAppDeps): RollbackDeps => ({
    host: createHostOpener(deps),
    adopted: () => listAdopted(deps.store),
    run: (id) => loadRun({ store: deps.store }, id),
  }),
  files: ({ tools }) => listHostTools(tools),
  async work() {
    const { admitRollback, rollbackEffects } = await import('../effects/rollback/index.ts')
    return { effects: rollbackEffects, admit: admitRollback }
  },
})
