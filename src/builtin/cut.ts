import { resolve } from 'node:path'
import { cut as definition } from '../../machines/cut.ts'
import type { Profile } from '../document/profiles/profile.ts'
import type { CutDeps } from '../effects/cut/index.ts'
import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { readSource } from '../targets/system/source-file.ts'
import type { Target } from '../targets/target.ts'
import { defineBuiltin } from './builtin-machine.ts'

/** What a cut needs of the app. */
export interface CutAppDeps {
  home: string
  config: {
    documents: { [id: string]: { source: string; profile?: string | undefined } }
    caps: { units: number }
  }
  /** Profiles that cutter.yaml names. */
  profiles(): Promise<Profile[]>
  target(name: string): Promise<Target>
  embedded(): Promise<Pick<EmbeddedTargets, 'rehearsalDatabases'>>
}

export const cut = defineBuiltin({
  definition,
  example: 'cutter run start cut --document CHARTER --source charter.md',
  connect,
  async work() {
    const { admitCut, cutEffects } = await import('../effects/cut/index.ts')
    return { effects: cutEffects, admit: admitCut }
  },
})

async function connect({ home, config, profiles, target, embedded }: CutAppDeps): Promise<CutDeps> {
  const documents = Object.entries(config.documents).map(([id, { source, profile }]) => {
    const registered = { source: resolve(home, source) }
    return [id, profile === undefined ? registered : { ...registered, profile }] as const
  })
  return {
    target,
    rehearsalDatabases: {
      create: async (runId, rows) => (await embedded()).rehearsalDatabases.create(runId, rows),
      open: async (runId) => (await embedded()).rehearsalDatabases.open(runId),
      drop: async (runId) => (await embedded()).rehearsalDatabases.drop(runId),
    },
    readSource,
    documents: Object.fromEntries(documents),
    profiles: await profiles(),
    caps: { units: config.caps.units },
  }
}
