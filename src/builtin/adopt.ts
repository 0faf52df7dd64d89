import { adopt as definition } from '../../machines/adopt.ts'
import type { AdoptDeps } from '../effects/adopt/index.ts'
import { defineBuiltin } from './builtin-machine.ts'
import { createHostOpener, type HostDeps, listHostTools } from './deploy.ts'

/** What an adoption needs of the app. */
export interface AdoptAppDeps extends HostDeps, Pick<AdoptDeps, 'readBundle'> {}

export const adopt = defineBuiltin({
  definition,
  example: 'cutter run start adopt --bundle run.tar',
  needs: () => ['home'],
  connect: (deps: AdoptAppDeps): AdoptDeps => ({
    host: createHostOpener(deps),
    readBundle: deps.readBundle,
  }),
  files: ({ tools }) => listHostTools(tools),
  async work() {
    const { admitAdopt, adoptEffects } = await import('../effects/adopt/index.ts')
    return { effects: adoptEffects, admit: admitAdopt }
  },
})
