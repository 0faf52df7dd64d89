import { randomUUID } from 'node:crypto'
import type {
  CallToolResult,
  ClientCapabilities,
  McpServer,
  ServerContext,
} from '@modelcontextprotocol/server'
import { inputRequired } from './mcp.ts'

/** What is kept between two rounds of one call, sealed, because it comes back from the client. */
export interface Round {
  runId: string
}

/** What the clients of one server share. */
export interface Pages {
  /** Seals a round for whoever calls. */
  mint(round: Round, context: ServerContext): Promise<string>
  /** The gates whose page was shown to an agent’s person already. */
  shown: Set<string>
}

/** The client of a server. */
export interface Client {
  /** legacy: the protocol of 2025-11-25 and before. */
  era: 'legacy' | 'modern'
  /** Whether it opens pages, where that is known from an earlier request. */
  opensPages?: boolean
}

/** How long a person may take to answer, in milliseconds. */
const ANSWERED_MS = 600_000
/** Gates that are remembered at most. */
const MAX_SHOWN = 10_000

/**
 * Asks the client to open the page of the gate that a result names (URL elicitation), once for each arrival there. The page holds no secret, and
 * what the person answers changes nothing: the page is in the result, too. A client that can’t be asked gets the result alone.
 */
export async function showPage(
  { server, client, pages }: { server: McpServer; client: Client; pages: Pages },
  context: ServerContext,
  result: CallToolResult,
) {
  const gate = findGate(result)
  if (gate === null || !opensPages(server, client, context)) return result
  const { runId, url, message } = gate
  const name = JSON.stringify([context.http?.authInfo?.clientId ?? null, runId, gate.since])
  if (pages.shown.has(name)) return result
  if (pages.shown.size >= MAX_SHOWN) pages.shown.clear()
  pages.shown.add(name)
  if (client.era === 'modern')
    return inputRequired({
      inputRequests: { page: inputRequired.elicitUrl({ message, url }) },
      requestState: await pages.mint({ runId }, context),
    })
  // The result does not wait for a person. Over HTTP the request comes before it, on the same stream.
  const params = { mode: 'url' as const, elicitationId: randomUUID(), message, url }
  context.mcpReq.send({ method: 'elicitation/create', params }, { timeout: ANSWERED_MS }).catch(() => {})
  return result
}

/** Where a request since 2026-07-28 says what its client can. */
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

/** A client says what it can when it connects, or in each request. */
function opensPages(server: McpServer, client: Client, { mcpReq }: ServerContext): boolean {
  if (client.opensPages === true && client.era === 'legacy') return true
  const envelope = (mcpReq.envelope ?? {}) as { [CAPABILITIES]?: ClientCapabilities }
  return (envelope[CAPABILITIES] ?? server.server.getClientCapabilities())?.elicitation?.url !== undefined
}

interface GateInResult {
  runId: string
  url: string
  since: string
  message: string
}

function findGate({ isError, structuredContent }: CallToolResult): GateInResult | null {
  const { run, gate } = (structuredContent ?? {}) as {
    run?: { runId: string; about: string }
    gate?: { gate: string; page: string | null; since: string } | null
  }
  if (isError === true || run === undefined || gate == null || gate.page === null) return null
  const message = `Run ${run.runId} waits at ${gate.gate}. The page shows its plan; who may approve signs there.`
  return { runId: run.runId, url: gate.page, since: gate.since, message }
}
