import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { TOOLS } from '../../src/mcp/tools.ts'
import { ANSWERS } from '../../src/service/answers/answers.ts'
import type { CutterHome } from './cli.ts'

/** Agents, with the official client of the protocol. */

/** What a tool answers, as an agent reads it. */
interface ToolReply {
  isError: boolean
  /** All texts, one after the other. */
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: the answer, as an agent meets it
  value: any
}

export interface Agent {
  client: Client
  /** The pages that it was asked to show. */
  asked: { url: string; message: string }[]
  call(tool: string, input?: { [field: string]: unknown }): Promise<ToolReply>
  close(): Promise<void>
}

export interface AgentOptions {
  /** Whether it speaks the protocol of 2026-07-28, and not that of 2025-11-25. */
  isModern?: boolean
  /** Left out: it can’t show pages. */
  answers?: 'accept' | 'decline' | 'cancel'
}

type Transport = StreamableHTTPClientTransport | StdioClientTransport

async function connected(transport: Transport, { isModern = false, answers }: AgentOptions): Promise<Agent> {
  const asked: Agent['asked'] = []
  const client = new Client(
    { name: 'an agent', version: '1' },
    {
      capabilities: answers === undefined ? {} : { elicitation: { url: {} } },
      ...(isModern ? { versionNegotiation: { mode: 'auto' as const } } : {}),
    },
  )
  if (answers !== undefined)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params as unknown as Agent['asked'][number])
      return { action: answers }
    })
  await client.connect(transport)
  return {
    client,
    asked,
    async call(name, input = {}) {
      const {
        isError = false,
        content,
        structuredContent,
      } = await client.callTool({ name, arguments: input })
      // Clients get a schema that accepts more fields. Here each field must be a known one.
      const { answer } = TOOLS.find((tool) => tool.name === name) ?? {}
      if (isError !== true && answer !== undefined) ANSWERS[answer]!.schema.parse(structuredContent)
      const texts = (content as { text?: string }[]).map(({ text = '' }) => text)
      return { isError: isError === true, text: texts.join('\n'), value: structuredContent }
    },
    close: () => client.close(),
  }
}

/** An agent that reaches a service by HTTP. */
export function agentAt(url: string, token: string | undefined, options: AgentOptions = {}): Promise<Agent> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return connected(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }),
    options,
  )
}

/** An agent that starts `cutter mcp` of the build. */
export function agentIn(
  at: CutterHome,
  options: AgentOptions & { env?: { [name: string]: string }; args?: string[] } = {},
): Promise<Agent> {
  const env = Object.fromEntries(
    Object.entries({ ...at.env, ...options.env }).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    ),
  )
  const program = at.path('.installed/dist/cutter.cjs')
  const args = [program, 'mcp', ...(options.args ?? [])]
  return connected(
    new StdioClientTransport({ command: process.execPath, args, cwd: at.home, env, stderr: 'pipe' }),
    options,
  )
}
