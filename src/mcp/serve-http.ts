import type { AgentCall } from '../service/agents/agent-call.ts'
import { createServerMaker } from './create-server.ts'
import { localDoor } from './door.ts'
import { createMcpHandler, isInitializeRequest, isJSONRPCResponse } from './mcp.ts'
import { carriesPagesSession, withPagesSession } from './pages-session.ts'

/** A request of an agent whom the service knows. */
export interface AgentRequest {
  request: Request
  /** The JSON of its body; undefined without one. */
  body: unknown
  /** The name of the caller's token. */
  name: string
  open(): Promise<AgentCall>
}

/** Streams of one service that stay open, at most. */
const MAX_STREAMS = 64

/**
 * Answers the requests of agents of one service. Nothing is kept between two of them but what was shown to people. An agent of 2025-11-25 says only
 * when it connects that it can open pages, and its session reminds the service.
 */
export function createAgentHandler(
  warn: (error: unknown) => void,
): (given: AgentRequest) => Promise<Response> {
  const maker = createServerMaker()
  const handler = createMcpHandler(
    ({ era, authInfo, requestInfo }) =>
      maker.make(localDoor((authInfo!.extra as { open: AgentRequest['open'] }).open, warn), {
        era,
        opensPages: carriesPagesSession(requestInfo?.headers),
      }),
    { onerror: warn, maxSubscriptions: MAX_STREAMS },
  )
  return async ({ request, body, name, open }) => {
    // What a person answered to a page that was shown. It changes nothing, and no call waits for it.
    if (isJSONRPCResponse(body) && carriesPagesSession(request.headers))
      return new Response(null, { status: 202 })
    const response = await handler.fetch(request, {
      // The token itself goes no further.
      authInfo: { token: '', clientId: name, scopes: [], extra: { open } },
      ...(body === undefined ? {} : { parsedBody: body }),
    })
    const opensPages =
      isInitializeRequest(body) && body.params.capabilities.elicitation?.url !== undefined && response.ok
    return opensPages ? withPagesSession(response) : response
  }
}
