import { teardown } from '../../machines/teardown.ts'
import type { App } from '../app/open-app.ts'
import { teardownEffects } from '../effects/teardown/index.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { definitionDigest } from './cut.ts'
import { createRehearsalCopies } from './migrate.ts'

export function installTeardown(
  app: Pick<App, 'config' | 'home' | 'store' | 'target' | 'embedded'>,
  env: NodeJS.ProcessEnv,
): InstalledMachine {
  const world = {
    copies: createRehearsalCopies(app, env),
    isOver: async (runId: string) => ((await app.store.run(runId))?.status ?? 'closed') === 'closed',
  }
  return {
    machine: { ...teardown, definitionDigest: definitionDigest(teardown) },
    effects: teardownEffects(world),
    admit: async (input) => input,
  }
}
