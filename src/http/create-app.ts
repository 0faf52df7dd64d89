import { assertRole } from '../service/access/assert-role.ts'
import { TooMany } from '../service/access/rate-limits.ts'
import type { SessionSecrets } from '../service/access/sessions.ts'
import type { Service } from '../service/serve.ts'
import { mcpDoor } from './answer-mcp.ts'
import { type Browser, readBrowser } from './browser.ts'
import { countAddress, countCaller } from './count-requests.ts'
import type { Call, Endpoint, Reply } from './endpoint.ts'
import { ENDPOINTS } from './endpoints.ts'
import { withEnd } from './event-stream.ts'
import { assertFromPage, assertOwnSite } from './guard.ts'
import { type Context, Hono } from './hono.ts'
import { answerPage, PAGE_PATHS } from './page-files.ts'
import { problemOf, RequestError, type Touched } from './problem.ts'
import { readJsonBody } from './read-body.ts'

/** Kept with every answer: nothing of it is stored, guessed or shown within another page. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * The API of a service as an application of Hono. It knows no rules: it reads a request, calls a use case and writes the answer.
 * @param hosts the names by which it may be called; null on the unix socket, which no browser reaches
 */
export function createApp(service: Service, hosts: Set<string> | null): Hono {
  const app = new Hono()
  for (const endpoint of ENDPOINTS)
    app.on(endpoint.method, endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) =>
      answer(context, { service, hosts, endpoint }),
    )
  const known = new Set(ENDPOINTS.map(({ path }) => path))
  for (const path of known)
    app.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) => {
      const allowed = ENDPOINTS.filter((one) => one.path === path).map(({ method }) => method.toUpperCase())
      const error = new RequestError(
        405,
        `${context.req.method} is no method of ${path}; nothing was done`,
        `its methods are ${allowed.join(', ')}`,
      )
      return problemResponse(service, error, [], { allow: allowed.join(', ') })
    })
  const answerMcp = mcpDoor(service, hosts)
  app.all('/mcp', (context) =>
    answerMcp(context).then(withHeaders, (error) => problemResponse(service, error, [])),
  )
  for (const path of PAGE_PATHS) app.get(path, ({ req }) => answerPage(service, hosts, req.raw))
  app.notFound(() =>
    problemResponse(
      service,
      new RequestError(
        404,
        'there is nothing at this path; nothing was done',
        'GET /openapi.json lists all paths',
      ),
      [],
    ),
  )
  return app
}

/** Whether a connection stays open is for the server to say, and not for an answer. */
function withHeaders({ body, status, headers }: Response): Response {
  const { connection: _, ...given } = Object.fromEntries(headers)
  return new Response(body, { status, headers: { ...given, ...HEADERS } })
}

interface Door {
  service: Service
  hosts: Set<string> | null
  endpoint: Endpoint
}

/** Answers a request, as a span of its trace. */
function answer(context: Context, door: Door): Promise<Response> {
  const { service, endpoint } = door
  const method = endpoint.method.toUpperCase()
  const facts = { 'http.request.method': method, 'http.route': endpoint.path }
  const { headers } = context.req.raw
  return service.trace({ name: `${method} ${endpoint.path}`, facts, headers }, async (note) => {
    const touched: Touched[] = []
    const response = await answerTraced(context, door, touched)
    const { status } = response
    const runId = touched[0]?.runId ?? (response.ok ? context.req.param('run') : undefined)
    note({
      'http.response.status_code': status,
      ...(runId === undefined ? {} : { 'cutter.run.id': runId }),
      ...(status < 500 ? {} : { 'error.type': String(status) }),
    })
    return response
  })
}

async function answerTraced(context: Context, door: Door, touched: Touched[]): Promise<Response> {
  const { service, endpoint } = door
  const begun = performance.now()
  let caller: string | null = null
  let response: Response
  try {
    const call = await readCall(context, door, touched, (name) => {
      caller = name
    })
    const end = endpoint.isStream ? service.limits.openStream(call.caller?.name ?? '') : null
    try {
      response = responseOf(endpoint, await endpoint.reply(call as never))
      if (end !== null) response = withEnd(response, end)
    } catch (error) {
      end?.()
      throw error
    }
  } catch (error) {
    response = problemResponse(service, error, touched)
  }
  const ms = Math.round(performance.now() - begun)
  service.log.info(
    { method: endpoint.method, path: endpoint.path, status: response.status, caller, ms },
    'request',
  )
  return response
}

async function readCall(
  context: Context,
  { service, hosts, endpoint }: Door,
  touched: Touched[],
  identified: (name: string) => void,
): Promise<Call<unknown, unknown, unknown>> {
  const request = context.req.raw
  const address = await countAddress(service, hosts, context)
  assertOwnSite(request, hosts)
  const browser = readBrowser(request)
  const authenticate = () => service.authenticate(authorizationOf(request, service, browser))
  const caller = endpoint.isPublic ? null : await countCaller(service, address, authenticate)
  if (caller !== null) identified(caller.name)
  if (endpoint.deed !== null) assertRole({ caller }, endpoint.deed)
  const body = endpoint.body === null ? {} : await readJsonBody(request)
  const home = service.homeOf(
    { caller, through: isOfSession(request, browser) ? 'page' : undefined },
    ({ runId }, { seq, event }) => {
      touched.push({ runId, seq, event: event.type })
    },
  )
  return {
    home,
    service,
    params: parsed(endpoint.params, context.req.param(), 'parameter'),
    query: parsed(endpoint.query, queryOf(request.url), 'parameter'),
    body: endpoint.body === null ? {} : parsed(endpoint.body, body, 'field'),
    assertTokenCounts: authenticate,
    caller,
    browser,
    content: bytesOf(request),
    key: request.headers.get('idempotency-key') ?? undefined,
    lastEventId: request.headers.get('last-event-id') ?? undefined,
    works: service.worksFor(() => touched[0]?.runId ?? null),
  }
}

/** A token comes in its header, or by the session of a page. */
function authorizationOf(request: Request, { sessions }: Service, browser: Browser): string | undefined {
  if (!isOfSession(request, browser)) return request.headers.get('authorization') ?? undefined
  assertFromPage(request)
  return sessions.find(browser.session) ?? undefined
}

/** Whether the session of a page says who calls. A header counts before it. */
const isOfSession = (
  { headers }: Request,
  browser: Browser,
): browser is Browser & { session: SessionSecrets } =>
  browser.session !== null && headers.get('authorization') === null

const bytesOf = ({ body }: Request) => (body ?? []) as unknown as AsyncIterable<Uint8Array>

/** A parameter that is given twice is refused, because nobody knows which one counts. */
function queryOf(url: string): { [name: string]: string } {
  const given = [...new URL(url).searchParams]
  const names = given.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return Object.fromEntries(given)
  throw new RequestError(400, `the parameter ${twice} is given twice; nothing was done`, 'give it once')
}

function parsed(schema: Endpoint['query'], given: unknown, what: string): unknown {
  const { success, data, error } = schema.safeParse(given)
  if (success) return data
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`)
  throw new RequestError(400, `${faults.join('; ')}; nothing was done`, 'see /openapi.json')
}

function responseOf({ status }: Endpoint, reply: Reply): Response {
  const { content, type, headers = {} } = reply
  const body =
    type === undefined
      ? `${JSON.stringify(content)}\n`
      : (content as Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | string)
  return new Response(body, {
    status: reply.status ?? status,
    headers: { ...HEADERS, 'content-type': type ?? 'application/json', ...headers },
  })
}

function problemResponse(
  service: Service,
  error: unknown,
  touched: Touched[],
  headers: { [name: string]: string } = {},
): Response {
  const problem = service.redact(problemOf(error, touched))
  if (problem.status >= 500) service.log.error({ err: error }, 'request failed')
  const again = error instanceof TooMany ? { 'retry-after': String(error.seconds) } : {}
  const challenge = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: problem.status,
    headers: { ...HEADERS, 'content-type': 'application/problem+json', ...challenge, ...again, ...headers },
  })
}
