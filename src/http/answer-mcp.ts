import type { AgentRequest } from '../mcp/serve-http.ts'
import type { TouchedStep } from '../service/agents/agent-call.ts'
import type { Service } from '../service/serve.ts'
import { countAddress, countCaller } from './count-requests.ts'
import { assertOwnSite } from './guard.ts'
import type { Context } from './hono.ts'
import { RequestError } from './problem.ts'
import { readJsonBody } from './read-body.ts'

/** The size of a message at most, in bytes: documents are sent as texts. */
const MAX_BYTES = 4 * 1024 * 1024

/** Requests are counted, not messages: many calls in one request would be one call. The protocol has no such lists since 2025-06-18. */
const severalMessagesError = () =>
  new RequestError(
    400,
    'the body is a list of messages, and /mcp takes one message for each request; nothing was done',
    'send each message in a request of its own',
  )

/**
 * Answers agents at /mcp. Each request brings a token in its header; the session of a browser does not count here. The package of the protocol is
 * loaded with the first one.
 * @param hosts as of `createApp`
 * @throws TOKEN_REFUSED, RequestError, TooMany
 */
export function mcpDoor(
  service: Service,
  hosts: Set<string> | null,
): (context: Context) => Promise<Response> {
  const { log } = service
  let handler: Promise<(given: AgentRequest) => Promise<Response>> | null = null
  const opened = () =>
    (handler ??= import('../mcp/serve-http.ts').then(({ createAgentHandler }) =>
      createAgentHandler((err) => log.warn({ err }, 'a call of an agent failed')),
    ))
  const answer = async (context: Context) => {
    const request = context.req.raw
    const address = await countAddress(service, hosts, context)
    assertOwnSite(request, hosts)
    const authenticate = () => service.authenticate(request.headers.get('authorization') ?? undefined)
    const { name } = await countCaller(service, address, authenticate)
    const body = request.method === 'POST' ? await readJsonBody(request, MAX_BYTES) : undefined
    if (Array.isArray(body)) throw severalMessagesError()
    const answerAgent = await opened()
    const response = await answerAgent({
      request,
      body,
      name,
      async open() {
        const touched: TouchedStep[] = []
        const asker = { caller: await authenticate(), through: 'mcp' as const }
        const home = service.homeOf(asker, ({ runId }, { seq, event }) => {
          touched.push({ runId, seq, event: event.type })
        })
        return {
          home,
          touched,
          works: service.worksFor(() => touched[0]?.runId ?? null),
          // Others reach the service by the name by which this caller does; a socket has none.
          page: hosts === null ? (service.address()?.url ?? null) : new URL(request.url).origin,
          redact: service.redact,
        }
      },
    })
    log.info({ method: request.method, path: '/mcp', status: response.status, caller: name }, 'request')
    return response
  }
  return (context) => {
    const { method, headers } = context.req.raw
    const facts = { 'http.request.method': method, 'http.route': '/mcp' }
    return service.trace({ name: `${method} /mcp`, facts, headers }, async (note) => {
      const response = await answer(context)
      note({ 'http.response.status_code': response.status })
      return response
    })
  }
}
