import { teardown } from '../machines/teardown.ts'
import type { App } from './app.ts'
import { teardownEffects } from './effects/teardown/index.ts'
import type { InstalledMachine } from './engine/parts.ts'
import { definitionDigest } from './install.ts'
import { copiesOf } from './install-migrate.ts'

export function installTeardown(
  app: Pick<App, 'config' | 'home' | 'store' | 'target' | 'embedded'>,
  env: NodeJS.ProcessEnv,
): InstalledMachine {
  const world = {
    copies: copiesOf(app, env),
    isOver: async (runId: string) => ((await app.store.run(runId))?.status ?? 'closed') === 'closed',
  }
  return {
    machine: { ...teardown, definitionDigest: definitionDigest(teardown) },
    effects: teardownEffects(world),
    admit: async (input) => input,
  }
}
