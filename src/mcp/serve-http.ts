import type { AgentCall } from '../service/agents/agent-call.ts'
import { createServerMaker } from './create-server.ts'
import { localDoor } from './door.ts'
import { createMcpHandler } from './mcp.ts'

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

/** Answers the requests of agents of one service. Nothing is kept between two of them but what was shown to people. */
export function createAgentHandler(
  warn: (error: unknown) => void,
): (given: AgentRequest) => Promise<Response> {
  const maker = createServerMaker()
  const handler = createMcpHandler(
    ({ era, authInfo }) =>
      maker.make(localDoor((authInfo!.extra as { open: AgentRequest['open'] }).open, warn), era),
    { onerror: warn, maxSubscriptions: MAX_STREAMS },
  )
  return ({ request, body, name, open }) =>
    // The token itself goes no further.
    handler.fetch(request, {
      authInfo: { token: '', clientId: name, scopes: [], extra: { open } },
      ...(body === undefined ? {} : { parsedBody: body }),
    })
}
