/** Writes the TypeScript client of the API from its OpenAPI document. */

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema, whose shape its own standard gives
type Schema = { [key: string]: any }

interface Operation {
  operationId: string
  summary: string
  parameters?: {
    name: string
    in: 'path' | 'query'
    required?: boolean
    description?: string
    schema: Schema
  }[]
  requestBody?: { content: { [type: string]: { schema: Schema } } }
  responses: { [status: string]: { content: { [type: string]: { schema: Schema } } } }
}

const HEAD = `// Generated from docs/openapi.json by \`npm run docs\`. Each schema and each operation is one line.

/** One request of the API: what an operation sends, and in which form its answer is read. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** With parameters and query. */
  path: string
  /** What is sent as JSON, or the bytes of a file; undefined for nothing. */
  body: unknown
  answer: 'json' | 'text' | 'bytes'
}

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** Sends a request, and resolves to its answer. Rejects with whatever the transport makes of a problem document. */
export type Send = (request: ApiRequest) => Promise<unknown>

const query = (given: { [name: string]: unknown }): string => {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? '' : \`?\${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)]))}\`
}
const part = (value: string) => encodeURIComponent(value)
`

/** @param document as \`describeApi\` returns it */
export function clientOf(document: object): string {
  const { paths, components } = document as {
    paths: { [path: string]: { [method: string]: Operation } }
    components: { schemas: { [name: string]: Schema } }
  }
  const { json: _, ...named } = components.schemas
  const schemas = Object.entries(named).flatMap(([name, schema]) => [
    [name, schema] as const,
    ...Object.entries((schema.$defs ?? {}) as { [name: string]: Schema })
      .filter(([inner]) => !inner.startsWith('__schema'))
      .map(([inner, one]) => [`${name}/${inner}`, one] as const),
  ])
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => answerOf(operation) !== null)
      .map(([method, operation]) => operationOf(method.toUpperCase(), path, operation)),
  )
  return [
    HEAD,
    '/** The shapes of answers, which are those of --json. A later version may add fields. */',
    'export interface Schemas {',
    ...schemas.map(([name, schema]) => `  ${quoted(name)}: ${typeOf(schema)}`),
    '}',
    '',
    '/** The operations of the API. A stream of events is read by its path. */',
    'export function createApiClient(send: Send) {',
    '  return {',
    ...operations,
    '  }',
    '}',
    '',
    'export type ApiClient = ReturnType<typeof createApiClient>',
    '',
  ].join('\n')
}

function operationOf(method: string, path: string, operation: Operation): string {
  const { operationId, summary, parameters = [], requestBody } = operation
  const bytes = requestBody?.content['application/octet-stream'] !== undefined
  const body = requestBody?.content['application/json']?.schema
  const fields = Object.keys((body?.properties ?? {}) as object)
  const query = parameters.filter((one) => one.in === 'query')
  const needed = (name: string) => parameters.some((one) => one.name === name && one.in === 'path')
  const types = [
    ...parameters.map(
      ({ name, required, schema }) =>
        `${name}${required === true || needed(name) ? '' : '?'}: ${typeOf(schema)}`,
    ),
    ...Object.entries((body?.properties ?? {}) as { [name: string]: Schema }).map(
      ([name, schema]) => `${name}${isRequired(body!, name) ? '' : '?'}: ${typeOf(schema)}`,
    ),
    ...(bytes ? ['content: Uint8Array'] : []),
  ]
  const isOptional = types.every((one) => /^\w+\?:/.test(one))
  const way = path.replaceAll(/\{(\w+)\}/g, (_, name) => `\${part(given.${name})}`)
  const asked =
    query.length === 0 ? '' : `\${query({ ${query.map(({ name }) => `${name}: given.${name}`).join(', ')} })}`
  const sent = bytes
    ? 'given.content'
    : body === undefined
      ? 'undefined'
      : `{ ${fields.map((name) => `${name}: given.${name}`).join(', ')} }`
  const { kind, type } = answerOf(operation)!
  const argument = types.length === 0 ? '' : `given: { ${types.join('; ')} }${isOptional ? ' = {}' : ''}`
  return `    /** ${summary} */\n    ${operationId}: (${argument}) => send({ method: '${method}', path: \`${way}${asked}\`, body: ${sent}, answer: '${kind}' }) as Promise<${type}>,`
}

const isRequired = ({ required = [] }: Schema, name: string) => (required as string[]).includes(name)

/** The form of an answer and its type; null for a stream, which has no end. */
function answerOf({ responses }: Operation): { kind: string; type: string } | null {
  const [, found] = Object.entries(responses).find(([status]) => status.startsWith('2'))!
  const [[mime, { schema }]] = Object.entries(found.content) as [[string, { schema: Schema }]]
  if (mime === 'text/event-stream' || mime.includes('frames')) return null
  if (mime === 'application/json') return { kind: 'json', type: typeOf(schema) }
  return mime.startsWith('text/') ? { kind: 'text', type: 'string' } : { kind: 'bytes', type: 'Uint8Array' }
}

const quoted = (name: string) => `'${name}'`

/** The TypeScript type of a JSON schema, on one line. */
function typeOf(schema: Schema): string {
  const { $ref, anyOf, enum: values, type, properties, items, additionalProperties } = schema
  // zod names no schemas of its own but that of any JSON value.
  if (typeof $ref === 'string' && /(__schema\d+|\/json)$/.test($ref)) return 'Json'
  if (typeof $ref === 'string')
    return `Schemas[${quoted($ref.replace('#/components/schemas/', '').replace('/$defs/', '/'))}]`
  if (Array.isArray(values))
    return values.map((value) => JSON.stringify(value).replaceAll('"', "'")).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', "'")
  if (Array.isArray(anyOf)) return anyOf.map(typeOf).join(' | ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(' | ')
  if (type === 'array') return `(${typeOf(items ?? {})})[]`
  if (type === 'object' && properties !== undefined) {
    const fields = Object.entries(properties as { [name: string]: Schema }).map(
      ([name, one]) =>
        `${/^\w+$/.test(name) ? name : quoted(name)}${isRequired(schema, name) ? '' : '?'}: ${typeOf(one)}`,
    )
    return fields.length === 0 ? 'object' : `{ ${fields.join('; ')} }`
  }
  if (type === 'object')
    return `{ [name: string]: ${typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'} }`
  const plain: { [type: string]: string } = {
    string: 'string',
    integer: 'number',
    number: 'number',
    boolean: 'boolean',
    null: 'null',
  }
  return plain[type] ?? 'unknown'
}
