import type { z } from 'zod'
import { MACHINE_NAMES } from '../builtin/registry.ts'
import type { Effect } from '../domain/effect.ts'
import { chartNodes, stateMetaOf } from '../machine/chart-nodes.ts'
import type { MachineDefinition, MachineModule, Upgrade } from '../machine/define.ts'
import { effect } from '../machine/define.ts'
import { zod } from '../machine/runtime-packages.ts'
import { findChartFaults } from '../machine/validate-chart.ts'

/** Flags that every `run start` has. */
const TAKEN = ['mode', 'key', 'by', 'json', 'home', 'help']
const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/**
 * Validates what a module exports as `machine`, and returns it with its effects by name.
 * @throws the error that `refused` makes of the first fault, which is the end of a sentence.
 */
export function validateModule(
  exported: unknown,
  refused: (why: string) => Error,
): { definition: MachineDefinition; effects: Record<string, Effect> } {
  const fault = faultOfExport(exported)
  if (fault !== null) throw refused(fault)
  const { effects: listed, ...machine } = exported as MachineModule
  const effects = Object.fromEntries(listed.map((one) => [one.name, one]))
  const faults = [
    ...findChartFaults(machine.logic, Object.keys(effects)),
    ...findWritingRechecks(machine.logic, effects),
  ]
  if (faults.length > 0) throw refused(faults.join('; '))
  // The chart gets each effect as an actor, so that authors need not list them again in setup().
  const actors = Object.fromEntries(Object.keys(effects).map((name) => [name, effect()]))
  const logic = machine.logic.provide({ actors })
  return { definition: { ...machine, logic, runIdPrefix: machine.runIdPrefix ?? machine.name }, effects }
}

/** A recheck happens before the approval is used, so a write there would be done without one. */
function findWritingRechecks(logic: MachineModule['logic'], effects: Record<string, Effect>): string[] {
  return chartNodes(logic).flatMap((node) => {
    const mark = stateMetaOf(node)
    if (mark === undefined || !('rechecks' in mark)) return []
    return node.invoke
      .map(({ src }) => effects[String(src)])
      .filter((one) => one?.kind === 'write')
      .map(
        (one) =>
          `state ${node.path.join('.')} rechecks by the write ${one!.name}${placeOf({ ...one })}; a recheck is a read, mostly the one that planned`,
      )
  })
}

/** Finds why a machine of a user's own can't have a name: the end of a sentence. */
export function findNameFault(name: unknown): string | null {
  if (typeof name !== 'string' || !KEBAB.test(name) || name.length > 40)
    return `its name ${JSON.stringify(name)} is not kebab-case, such as rotate-keys`
  return MACHINE_NAMES.includes(name) ? `its name ${name} is the name of a machine that ships` : null
}

function faultOfExport(machine: unknown): string | null {
  if (!isObject(machine)) return 'it exports no machine (export const machine = defineMachine({ … }))'
  const { name, version, runIdPrefix = 'run', input, logic, effects, upgrade = {}, reviewGates } = machine
  const faultOfName = findNameFault(name)
  if (faultOfName !== null) return faultOfName
  if (typeof version !== 'string' || !/^\S{1,40}$/.test(version))
    return `its version ${JSON.stringify(version)} is not a valid text, such as '1'`
  if (typeof runIdPrefix !== 'string' || !KEBAB.test(runIdPrefix) || runIdPrefix.length > 40)
    return `its runIdPrefix ${JSON.stringify(runIdPrefix)} is not kebab-case`
  if (!isObject(input) || !isObject(input.shape) || typeof input.safeParse !== 'function')
    return 'its input is not a z.object({ … })'
  const taken = Object.keys(input.shape).find(
    (field) => TAKEN.includes(field) || !/^[a-z][a-zA-Z0-9]*$/.test(field),
  )
  if (taken !== undefined)
    return `its input field ${taken} can't be a flag: fields are camelCase, and ${TAKEN.join(', ')} are taken`
  const notJson = findFieldNotJson(input.shape as { [field: string]: z.ZodType })
  if (notJson !== null) return notJson
  if (!isObject(logic) || !isObject(logic.root) || typeof logic.provide !== 'function')
    return 'its logic is not an XState machine'
  if (reviewGates !== undefined) return 'reviewGates are for machines that ship'
  if (!Array.isArray(effects)) return 'its effects are not a list, such as effects: [plan, pay]'
  return faultOfEffects(effects) ?? faultOfUpgrades(upgrade)
}

/** Types of zod whose values JSON cannot hold. An input is saved as JSON, and read again for each effect. */
const NOT_JSON = ['date', 'bigint', 'map', 'set', 'symbol', 'function', 'nan', 'promise', 'file']

function findFieldNotJson(shape: { [field: string]: z.ZodType }): string | null {
  for (const [field, schema] of Object.entries(shape)) {
    const found: string[] = []
    zod.z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema }) => void found.push(zodSchema._zod.def.type),
    })
    const type = found.find((one) => NOT_JSON.includes(one))
    if (type !== undefined)
      return `its input field ${field} is a ${type}, which JSON cannot hold: take a text or a number, such as z.iso.datetime()`
  }
  return null
}

/** What each part of an effect is for, so that an author knows what to write. */
const PARTS: { [part: string]: string } = {
  execute: 'execute does the work and returns { output: { … } }',
  simulate: 'simulate shows in a dry run what execute would report',
  probe: "probe answers { outcome: 'committed', output }, 'not-committed' or 'unknown' with why",
}

const placeOf = ({ source }: Record<string, unknown>) =>
  isObject(source) && typeof source.place === 'string' ? ` (${source.place})` : ''

function faultOfEffects(effects: unknown[]): string | null {
  const names: string[] = []
  for (const effect of effects) {
    if (!isObject(effect) || typeof effect.name !== 'string' || !/^[a-z][a-zA-Z0-9_-]*$/.test(effect.name))
      return 'one of its effects has no valid name, such as write_key'
    const { name, kind, input, output, timeoutSeconds: limit } = effect
    if (names.includes(name as string)) return `it has two effects of the name ${name}`
    names.push(name as string)
    if (kind !== 'read' && kind !== 'write') return `its effect ${name} has neither kind read nor kind write`
    if (limit !== undefined && !(typeof limit === 'number' && limit > 0 && limit <= 604_800))
      return `its effect ${name}${placeOf(effect)} has a timeoutSeconds that is not a number of seconds up to a week`
    const needed = kind === 'read' ? ['execute'] : ['execute', 'simulate', 'probe']
    const missing = needed.filter((one) => typeof effect[one] !== 'function')
    if (missing.length > 0)
      return `its ${kind} effect ${name}${placeOf(effect)} has no ${missing.join(' and no ')}: ${missing.map((one) => PARTS[one]).join('; ')}`
    for (const [field, schema] of Object.entries({ input, output })) {
      if (!isObject(schema) || typeof schema.parse !== 'function')
        return `its effect ${name}${placeOf(effect)} has no ${field} schema, such as ${field}: z.object({ … })`
    }
  }
  return null
}

function faultOfUpgrades(upgrade: unknown): string | null {
  if (!isObject(upgrade)) return 'its upgrade is not an object of upgrades by version'
  for (const [from, way] of Object.entries(upgrade) as [string, Partial<Upgrade> | null][]) {
    if (typeof way?.migrate !== 'function' || typeof way.schema?.safeParse !== 'function')
      return `its upgrade from ${from} has no schema or no migrate`
    if (way.sameWork !== undefined)
      return `its upgrade from ${from} has sameWork, which is for machines that ship`
  }
  return null
}
