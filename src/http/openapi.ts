import { z } from 'zod'
import { ANSWERS } from '../service/answers/answers.ts'
import type { Endpoint } from './endpoint.ts'
import { createRoute, OpenAPIHono } from './hono.ts'

type Schema = { [key: string]: unknown }

const PROBLEM: Schema = {
  type: 'object',
  description: 'RFC 9457, with the members of an error of --json.',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'An error code, such as APPROVAL_REFUSED.' },
    next: { type: 'string', description: 'What to do next: a sentence or a command.' },
    reason: { type: 'string', description: 'The reason code of a refusal.' },
    touched: {
      type: 'array',
      description: 'What the request changed although it failed. Empty where nothing was changed.',
      items: {
        type: 'object',
        properties: { runId: { type: 'string' }, seq: { type: 'integer' }, event: { type: 'string' } },
        required: ['runId', 'seq', 'event'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'touched'],
}

/** The API as an OpenAPI 3.1 document. Answers have the schemas of `--json`. */
export function describeApi(endpoints: Endpoint[]): object {
  const app = new OpenAPIHono()
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  registry.registerComponent('schemas', 'problem', PROBLEM)
  registry.registerComponent('schemas', 'json', { description: 'Any JSON value.' })
  const named = new Set(
    endpoints.map(({ answer }) => answer).filter((answer) => Object.hasOwn(ANSWERS, answer)),
  )
  for (const name of [...named].sort()) registry.registerComponent('schemas', name, componentOf(name))
  for (const one of endpoints) registry.registerPath(routeOf(one))
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Cutter', version: '1', description: DESCRIPTION, license: { name: 'MIT' } },
  })
}

const DESCRIPTION =
  'The service of one home. Every request but /healthz, /readyz and /openapi.json brings a token. Fields may be added to answers.'

const BYTES = { body: { required: true, content: { 'application/octet-stream': { schema: {} } } } }

function routeOf({
  method,
  path,
  summary,
  answer,
  status,
  params,
  query,
  body,
  isPublic,
  takesBytes,
}: Endpoint) {
  const schema = Object.hasOwn(ANSWERS, answer) ? { $ref: `#/components/schemas/${answer}` } : {}
  const type = answer.includes('/') ? answer : 'application/json'
  return createRoute({
    operationId: operationIdOf(method, path),
    method,
    path,
    summary,
    security: isPublic ? [] : [{ token: [] }],
    request: {
      params,
      query,
      ...(takesBytes ? BYTES : {}),
      ...(body === null
        ? {}
        : { body: { required: true, content: { 'application/json': { schema: bodyOf(body) } } } }),
    },
    responses: {
      [status]: { description: summary, content: { [type]: { schema } } },
      default: {
        description: 'What went wrong, and what to do next',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
      },
    },
  })
}

/** Names an operation in clients: `get /api/v1/runs/{run}/plan` is `getRunsByRunPlan`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace('/api/v1/', '')
    .split(/[/.-]/)
    .filter((word) => word !== '')
  const capital = (word: string) => `${word[0]!.toUpperCase()}${word.slice(1)}`
  return (
    method +
    words.map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word))).join('')
  )
}

/** A schema of `--json` as a component. Readers must accept fields that a later version adds, so it is open. */
function componentOf(name: string): Schema {
  const { title, schema } = ANSWERS[name]!
  const here = `#/components/schemas/${name}`
  const text = JSON.stringify(opened(schema, 'output')).replaceAll('"#/$defs/', `"${here}/$defs/`)
  return { title, ...(JSON.parse(text) as Schema) }
}

/** The schema of a body. The only schemas of its own to which it refers are those of any JSON value. */
function bodyOf(body: z.ZodType): Schema {
  const { $defs: _, ...schema } = opened(body)
  const text = JSON.stringify(schema).replaceAll(/"#\/\$defs\/__schema\d+"/g, '"#/components/schemas/json"')
  return JSON.parse(text) as Schema
}

function opened(schema: z.ZodType, io: 'input' | 'output' = 'input'): Schema {
  const { $schema, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  const isClosing = (key: string, value: unknown) =>
    io === 'output' && key === 'additionalProperties' && value === false
  return JSON.parse(
    JSON.stringify(made, (key, value: unknown) => (isClosing(key, value) ? undefined : value)),
  ) as Schema
}
