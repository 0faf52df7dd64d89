import type { CallToolResult } from '@modelcontextprotocol/server'
import { ClientError } from '../client/client-error.ts'
import { connectTo, headOf } from '../client/connection.ts'
import type { FoundService } from '../client/find-service.ts'
import { cutShortError, problemOf } from '../client/problems.ts'
import { receiveAnswer } from '../client/receive-answer.ts'
import type { Json } from '../domain/json.ts'
import { type Door, refusal } from './door.ts'
import { ProtocolError } from './mcp.ts'

/** The path at which a service speaks with agents. */
const PATH = '/mcp'

/** The door to a home that a service works on: each call is one request to it, by the token of this caller. */
export function remoteDoor(service: FoundService): Door {
  return {
    async call({ name }, input, signal) {
      try {
        const params = { name, arguments: input as { [field: string]: Json } }
        return (await request(service, { method: 'tools/call', params }, signal)) as CallToolResult
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        const { code, message, next } = error
        return refusal({ code, message, next })
      }
    },
    async read(uri) {
      const signal = new AbortController().signal
      const result = await request(service, { method: 'resources/read', params: { uri } }, signal)
      const [found] = (result as { contents: { text: string; mimeType: string }[] }).contents
      return { text: found!.text, mimeType: found!.mimeType }
    },
  }
}

interface RemoteError {
  code?: unknown
  message?: unknown
  data?: unknown
}

interface Message {
  method: string
  params: { [field: string]: Json }
}

/**
 * Sends one message, and resolves to its result.
 * @throws ClientError
 */
async function request(service: FoundService, message: Message, signal: AbortSignal): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message })
  const socket = await connectTo(service)
  const gone = () => socket.destroy()
  signal.addEventListener('abort', gone, { once: true })
  const head = headOf(service, PATH, Buffer.byteLength(body), {
    accept: 'application/json, text/event-stream',
  })
  try {
    const answer = await receiveAnswer(service, socket, () => void socket.write(head + body))
    const text = answer.body.toString()
    if (answer.status !== 200) throw problemOf(service, answer.status, text)
    return resultIn(service, text)
  } finally {
    signal.removeEventListener('abort', gone)
  }
}

/** The answer is one message, as JSON or as the last event of a stream. */
function resultIn(service: FoundService, text: string): unknown {
  const data = /^data: ?(\{.*)$/gm
  const json = text.startsWith('{') ? text : [...text.matchAll(data)].at(-1)?.[1]
  const { result, error } = parsed(json) as { result?: unknown; error?: RemoteError }
  if (result !== undefined) return result
  if (typeof error?.message === 'string' && typeof error.code === 'number')
    throw new ProtocolError(error.code, error.message, error.data)
  if (typeof error?.message === 'string')
    throw new ClientError('INTERNAL', `the service answers: ${error.message}`, 'cutter run list', 1)
  throw cutShortError(service, 'it has no result')
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '{}')
  } catch {
    return {}
  }
}
