import { rollback } from '../../machines/rollback.ts'
import type { App } from '../app/open-app.ts'
import { admitRollback, rollbackEffects } from '../effects/rollback/index.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { loadRun } from '../engine/load-run.ts'
import { definitionDigest } from './cut.ts'
import { createHostOpener } from './deploy.ts'

export function installRollback(
  { config, store }: Pick<App, 'config' | 'store'>,
  env: NodeJS.ProcessEnv,
): InstalledMachine {
  const world = { host: createHostOpener(config, env), run: (id: string) => loadRun({ store }, id) }
  return {
    machine: { ...rollback, definitionDigest: definitionDigest(rollback) },
    effects: rollbackEffects(world),
    admit: (input) => admitRollback(world, input),
  }
}
