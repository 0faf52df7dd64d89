import { Command, Option } from 'commander'
import type { Json } from '../../domain/json.ts'
import type { MachineDefinition } from '../../machine/define.ts'
import { redactSecretForms } from '../../secrets/patterns.ts'
import { BY, defineCommand, USAGE_ERRORS } from '../define-command.ts'

/** The flags of a machine's input: one a field, named in kebab-case, of the kind that its schema says. */

type Kind = 'text' | 'number' | 'boolean' | 'json' | 'texts'

interface Schema {
  description?: string
  def: {
    type: string
    innerType?: Schema
    in?: Schema
    element?: Schema
    entries?: { [key: string]: string }
  }
  safeParse(value: unknown): { success: boolean; data?: unknown }
}

const fieldsOf = ({ input }: MachineDefinition) =>
  Object.entries(input.shape) as unknown as [string, Schema][]

/** `run start <machine>` as a command of its own, with the flags that every machine has and those of its input. */
export function defineStartFlags(
  machine: MachineDefinition,
  given: string,
  example: string | null = null,
): Command {
  const flags = defineCommand(new Command(`cutter run start ${given}`), example ?? exampleOf(machine, given))
    .addOption(
      new Option('--mode <mode>', 'dry-run writes nothing to the target')
        .choices(['dry-run', 'live'])
        .default('dry-run'),
    )
    .option('--key <key>', 'start key: the same key and input always give the same run')
    .option(...BY)
  flags.exitOverride().configureOutput(USAGE_ERRORS)
  for (const [field, schema] of fieldsOf(machine)) {
    const { kind } = kindOf(schema)
    if (kind === 'boolean') {
      flags.addOption(new Option(`--${kebab(field)}`, textOf(schema)))
      flags.addOption(new Option(`--no-${kebab(field)}`).hideHelp())
    } else flags.option(`--${kebab(field)} ${kind === 'texts' ? '<value...>' : '<value>'}`, textOf(schema))
  }
  return flags
}

/** What was given on the command line, as the schema wants it; what does not fit stays text, for the schema to refuse. */
export function readInputFlags(
  machine: MachineDefinition,
  flags: { [field: string]: unknown },
): { [key: string]: Json } {
  const input: { [key: string]: Json } = {}
  for (const [field, schema] of fieldsOf(machine)) {
    if (flags[field] !== undefined) input[field] = parsedFlag(kindOf(schema).kind, flags[field] as Json)
  }
  return input
}

function parsedFlag(kind: Kind, value: Json): Json {
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '') {
    return Number.isFinite(Number(value)) ? Number(value) : value
  }
  if (kind !== 'json') return value
  try {
    return JSON.parse(value as string) as Json
  } catch {
    return value
  }
}

/** Looks through what only wraps a schema (optional, default …) or changes its value afterwards. */
function kindOf({ def }: Schema): { kind: Kind; choices?: string[] } {
  const inner = def.innerType ?? def.in
  if (inner !== undefined) return kindOf(inner)
  if (def.type === 'number' || def.type === 'int') return { kind: 'number' }
  if (def.type === 'boolean') return { kind: 'boolean' }
  if (def.type === 'enum') return { kind: 'text', choices: Object.values(def.entries ?? {}) }
  if (def.type === 'array') {
    const { kind } = kindOf(def.element!)
    return { kind: kind === 'text' ? 'texts' : 'json' }
  }
  return { kind: ['object', 'record', 'tuple', 'union'].includes(def.type) ? 'json' : 'text' }
}

function textOf(schema: Schema): string {
  const { kind, choices } = kindOf(schema)
  const absent = schema.safeParse(undefined)
  const shown =
    absent.data === undefined || absent.data === false ? null : redactSecretForms(JSON.stringify(absent.data))
  const notes = [
    ...(choices === undefined ? [] : [`one of: ${choices.join(', ')}`]),
    ...(kind === 'json' ? ['as JSON'] : []),
    ...(absent.success
      ? shown === null
        ? []
        : [`default: ${shown.replace(/^"(.*)"$/, '$1')}`]
      : ['required']),
  ]
  return `${descriptionOf(schema)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`.trim()
}

function descriptionOf(schema: Schema): string {
  const inner = schema.def.innerType ?? schema.def.in
  return schema.description ?? (inner === undefined ? '' : descriptionOf(inner))
}

/** The example of a machine's help where it brings none: its required flags. */
function exampleOf(machine: MachineDefinition, given: string): string {
  const required = fieldsOf(machine).filter(([, schema]) => !schema.safeParse(undefined).success)
  const flags = required.map(
    ([field, schema]) => ` --${kebab(field)}${kindOf(schema).kind === 'boolean' ? '' : ' …'}`,
  )
  return `cutter run start ${given}${flags.join('')}`
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
