import { resolve } from 'node:path'
import { cut } from '../../machines/cut.ts'
import type { App } from '../app/open-app.ts'
import { loadCustomProfiles } from '../config/custom-profiles.ts'
import { digestOf } from '../domain/json.ts'
import { admitCut, type CutDeps, cutEffects } from '../effects/cut/index.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import type { MachineDefinition } from '../machine/define.ts'
import { readSource } from '../targets/system/source-file.ts'
import { BUILT_DIGESTS } from './code-digests.ts'

/** The machines that ship, each with its effects and the digest of both. */
export async function installCut(
  app: Pick<App, 'config' | 'home' | 'target' | 'embedded'>,
): Promise<InstalledMachine> {
  const { config, home, target } = app
  const documents = Object.fromEntries(
    Object.entries(config.documents).map(([id, { source, profile }]) => [
      id,
      { source: resolve(home, source), ...(profile === undefined ? {} : { profile }) },
    ]),
  )
  const world: CutDeps = {
    target,
    scratches: {
      create: async (runId, rows) => (await app.embedded()).scratches.create(runId, rows),
      open: async (runId) => (await app.embedded()).scratches.open(runId),
      drop: async (runId) => (await app.embedded()).scratches.drop(runId),
    },
    readSource,
    documents,
    profiles: await loadCustomProfiles(config, home),
    caps: { units: config.caps.units },
  }
  return {
    machine: { ...cut, definitionDigest: definitionDigest(cut) },
    effects: cutEffects(world),
    admit: (input) => admitCut(world, input),
  }
}

/** The digest of the built code of the machine and its effects; in source runs, which have none, that of the chart as data. */
export function definitionDigest({ name, version, logic }: MachineDefinition): string {
  const chart = () => JSON.parse(JSON.stringify(logic.config))
  return BUILT_DIGESTS[name] ?? digestOf({ name, version, chart: chart(), code: 'not built' })
}
