import { z } from 'zod'

/** A JSON Schema as zod makes it, as far as the docs use it. */
export interface JsonSchema {
  $schema?: string
  $id?: string
  title?: string
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: unknown[]
  const?: unknown
  properties?: { [name: string]: JsonSchema }
  additionalProperties?: boolean | JsonSchema
  propertyNames?: JsonSchema
  items?: JsonSchema
  anyOf?: JsonSchema[]
  required?: string[]
  [key: string]: unknown
}

export interface Key {
  path: string
  type: string
  default: string
}

/** JSON Schema, draft 2020-12, of what a schema takes. */
export const jsonSchemaOf = (schema: z.ZodType, io: 'input' | 'output' = 'input') =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema

/** Every key below an object, in the schema's order; `<name>` stands for the names of a record. */
export function keysOf(schema: JsonSchema, prefix = ''): Key[] {
  return childrenOf(schema, prefix).flatMap(([path, child]) => [
    { path, type: typeOf(child), default: defaultOf(child) },
    ...keysOf(child, path),
  ])
}

/** Writes the meanings into the schema, where editors show them. */
export function described(schema: JsonSchema, meanings: { [path: string]: string }, prefix = ''): JsonSchema {
  for (const [path, child] of childrenOf(schema, prefix)) {
    const text = meanings[path]
    if (text !== undefined) child.description = text.replaceAll('`', '')
    described(child, meanings, path)
  }
  return schema
}

function childrenOf(
  { properties = {}, additionalProperties, items }: JsonSchema,
  prefix: string,
): [string, JsonSchema][] {
  const at = (name: string) => (prefix === '' ? name : `${prefix}.${name}`)
  return [
    ...Object.entries(properties).map(([name, child]): [string, JsonSchema] => [at(name), child]),
    ...(typeof additionalProperties === 'object'
      ? ([[at('<name>'), additionalProperties]] as [string, JsonSchema][])
      : []),
    ...(items === undefined ? [] : ([[`${prefix}[]`, items]] as [string, JsonSchema][])),
  ]
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  if (schema.type === 'object') return schema.properties === undefined ? 'map' : 'object'
  return (
    { integer: 'integer', string: 'text', boolean: 'true or false' }[String(schema.type)] ??
    String(schema.type ?? 'any')
  )
}

function defaultOf(schema: JsonSchema): string {
  if (schema.default === undefined || typeof schema.default === 'object') return '–'
  return `\`${JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1')}\``
}
