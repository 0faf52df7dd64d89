import type { Effect } from '../domain/effect.ts'
import { digestOf, type Json } from '../domain/json.ts'
import type { Need } from '../domain/need.ts'
import type { Run } from '../domain/run.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import type { MachineDefinition } from '../machine/define.ts'
import { BUILT_DIGESTS } from './code-digests.ts'
import { releasedUpgrades } from './released-definitions.ts'

type Input = { [key: string]: Json }

/** A machine that ships, as the registry lists it. `Deps` is what it needs of the app. */
export interface BuiltinMachine<Deps> {
  definition: MachineDefinition
  /** A command that starts it, for its help. */
  example: string
  /** The machine with its effects, connected to the world. */
  install(deps: Deps): Promise<InstalledMachine>
}

interface Work<World> {
  effects(world: World): Record<string, Effect>
  /** Checks the input before a run exists, and settles it (absolute paths, defaults). */
  admit(world: World, input: Input): Promise<Input>
}

interface Parts<Deps, World> extends Pick<BuiltinMachine<Deps>, 'definition' | 'example'> {
  /** The programs that its effects run, by their absolute paths. */
  files?(deps: Deps): string[]
  /** What a run needs of the host that works on it, where hosts share a store. */
  needs(run: Pick<Run, 'mode' | 'input'>): Need[]
  /** What the effects reach: targets, hosts, files. */
  connect(deps: Deps): World | Promise<World>
  /** Loads what works: a command that only asks for the input schema or the example does without. */
  work(): Promise<Work<World>>
}

/** Joins chart, effects and admission to a machine that ships, with upgrades from all of its released definitions. */
export function defineBuiltin<Deps, World>(parts: Parts<Deps, World>): BuiltinMachine<Deps> {
  const { definition, example, needs, connect, work, files } = parts
  return {
    definition,
    example,
    async install(deps) {
      const [world, { effects, admit }] = await Promise.all([connect(deps), work()])
      const upgrade = releasedUpgrades(definition.name)
      return {
        machine: { ...definition, upgrade, definitionDigest: definitionDigest(definition) },
        effects: effects(world),
        admit: (input) => admit(world, input),
        needs,
        ...(files === undefined ? {} : { files: files(deps) }),
      }
    },
  }
}

/** The digest of the built code of a machine and its effects; in runs from source, which have none, that of the chart as data. */
export function definitionDigest({ name, version, logic }: MachineDefinition): string {
  const chart = () => JSON.parse(JSON.stringify(logic.config)) as Json
  return BUILT_DIGESTS[name] ?? digestOf({ name, version, chart: chart(), code: 'not built' })
}
