import type { MachineDefinition } from '../../machine/define.ts'
import { redactSecretForms } from '../../secrets/patterns.ts'

/** One field of a machine's input, as a door asks for it. */
export interface InputField {
  /** In camelCase, as in the schema. */
  name: string
  /** `json`: anything that is written as JSON. `texts`: a list of texts. */
  kind: 'text' | 'number' | 'boolean' | 'json' | 'texts'
  description: string
  choices: string[] | null
  required: boolean
  /** The default as JSON text without secrets, or null when there is none worth showing. */
  default: string | null
}

/** The parts of a zod schema that are read here. */
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

/** The fields of a machine's input, in the order of its schema. */
export function inputFields({ input }: Pick<MachineDefinition, 'input'>): InputField[] {
  return Object.entries(input.shape as unknown as { [name: string]: Schema }).map(([name, schema]) => {
    const { kind, choices = null } = kindOf(schema)
    const absent = schema.safeParse(undefined)
    const isShown = absent.data !== undefined && absent.data !== false
    return {
      name,
      kind,
      description: descriptionOf(schema),
      choices,
      required: !absent.success,
      default: isShown ? redactSecretForms(JSON.stringify(absent.data)) : null,
    }
  })
}

/** Unwraps a schema that only wraps another (optional, default …) or changes its value afterwards. */
function kindOf({ def }: Schema): { kind: InputField['kind']; choices?: string[] } {
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

function descriptionOf(schema: Schema): string {
  const inner = schema.def.innerType ?? schema.def.in
  return schema.description ?? (inner === undefined ? '' : descriptionOf(inner))
}
