import { resolve } from 'node:path'
import { cut as definition } from '../../machines/cut.ts'
import type { Profile } from '../document/profiles/profile.ts'
import type { CutDeps } from '../effects/cut/index.ts'
import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { EMBEDDED_TARGET } from '../targets/postgres/rehearsal-server.ts'
import { readSource } from '../targets/system/source-file.ts'
import type { Target } from '../targets/target.ts'
import { defineBuiltin } from './builtin-machine.ts'

/** What a cut needs of the app. */
export interface CutAppDeps {
  home: string
  config: { caps: { units: number } }
  /** Documents that cutter.yaml registers now, by their ids. */
  documents(): Promise<{ [id: string]: { source: string; profile?: string | undefined } }>
  /** Profiles that cutter.yaml names, as their files are now. */
  profiles(): Promise<readonly Profile[]>
  target(name: string): Promise<Target>
  embedded(): Promise<Pick<EmbeddedTargets, 'rehearsalDatabases'>>
}

export const cut = defineBuiltin({
  definition,
  example: 'cutter run start cut --document CHARTER --source charter.md',
  // The source is read again at both gates, and a dry run writes into a rehearsal database of its home.
  needs: ({ mode, input }) =>
    mode === 'live' && input.target !== EMBEDDED_TARGET
      ? [`target:${String(input.target)}`, `file:${String(input.source)}`]
      : ['home'],
  connect,
  async work() {
    const { admitCut, cutEffects } = await import('../effects/cut/index.ts')
    return { effects: cutEffects, admit: admitCut }
  },
})

async function connect(deps: CutAppDeps): Promise<CutDeps> {
  const { home, config, profiles, target, embedded } = deps
  return {
    target,
    rehearsalDatabases: {
      create: async (runId, rows) => (await embedded()).rehearsalDatabases.create(runId, rows),
      open: async (runId) => (await embedded()).rehearsalDatabases.open(runId),
      drop: async (runId) => (await embedded()).rehearsalDatabases.drop(runId),
    },
    readSource,
    async documents() {
      const documents = Object.entries(await deps.documents()).map(([id, { source, profile }]) => {
        const registered = { source: resolve(home, source) }
        return [id, profile === undefined ? registered : { ...registered, profile }] as const
      })
      return Object.fromEntries(documents)
    },
    profiles,
    caps: { units: config.caps.units },
  }
}
