import { z } from 'zod'
import type { TokenScope } from '../domain/token.ts'
import type { Deed } from '../service/access/deeds.ts'
import type { Service } from '../service/serve.ts'
import type { Browser } from './browser.ts'

type Shape = { [name: string]: z.ZodType }
type Values<Fields extends Shape> = z.output<z.ZodObject<Fields>>

/** The home as the caller reaches it. */
type Home = ReturnType<Service['homeOf']>

/** A request of a caller whom the service knows. */
export interface Call<Params, Query, Body> {
  home: Home
  service: Service
  params: Params
  query: Query
  body: Body
  /**
   * Checks again that the caller's token counts.
   * @throws TOKEN_REFUSED
   */
  assertTokenCounts(): Promise<unknown>
  /** Who calls, where the endpoint takes a token. */
  caller: TokenScope | null
  /** What a browser sends of itself. */
  browser: Browser
  /** The bytes of the request, where the endpoint takes a file. */
  content: AsyncIterable<Uint8Array>
  /** The header `Idempotency-Key`. */
  key: string | undefined
  /** The header `Last-Event-ID`. */
  lastEventId: string | undefined
  /** Answers with a run when the work on it ends, or as it is after so many seconds. The work continues then. */
  works: ReturnType<Service['worksFor']>
}

/** What an endpoint answers, with headers where it needs any. Bytes are answered as they are, everything else as JSON. */
export interface Reply {
  status?: number
  headers?: { [name: string]: string }
  type?: string
  content: unknown
}

/** One method of one path. */
export interface Endpoint {
  method: 'get' | 'post' | 'delete'
  /** With `{name}` for parameters, as in OpenAPI. */
  path: string
  summary: string
  /** The name of the answer's schema in `service/answers`, or the media type of bytes. */
  answer: string
  status: 200 | 201
  params: z.ZodObject
  query: z.ZodObject
  body: z.ZodObject | null
  /** Whether it takes no token. */
  isPublic: boolean
  /** What its use case has the caller's role checked for. It is checked before anything else of the request is read; null where the role depends on that. */
  deed: Deed | null
  /** Whether it takes the bytes of a file as they are. */
  takesBytes: boolean
  /** Whether the answer lasts as long as the client listens. */
  isStream: boolean
  reply(call: Call<never, never, never>): Promise<Reply>
}

interface Definition<Params extends Shape, Query extends Shape, Body extends Shape> {
  summary: string
  answer: string
  status?: 200 | 201
  params?: Params
  query?: Query
  body?: Body
  isPublic?: boolean
  deed?: Deed
  takesBytes?: boolean
  isStream?: boolean
  reply(call: Call<Values<Params>, Values<Query>, Values<Body>>): Promise<Reply>
}

/** Makes an endpoint. Parameters and fields that it does not name are refused. */
export function endpoint<
  Params extends Shape = Record<never, never>,
  Query extends Shape = Record<never, never>,
  Body extends Shape = Record<never, never>,
>(method: Endpoint['method'], path: string, definition: Definition<Params, Query, Body>): Endpoint {
  return {
    method,
    path,
    summary: definition.summary,
    answer: definition.answer,
    status: definition.status ?? 200,
    params: z.strictObject(definition.params ?? {}),
    query: z.strictObject(definition.query ?? {}),
    body: method === 'post' && definition.takesBytes !== true ? z.strictObject(definition.body ?? {}) : null,
    isPublic: definition.isPublic ?? false,
    deed: definition.deed ?? null,
    takesBytes: definition.takesBytes ?? false,
    isStream: definition.isStream ?? false,
    reply: definition.reply as Endpoint['reply'],
  }
}
