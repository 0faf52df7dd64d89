import type { CallToolResult } from '@modelcontextprotocol/server'
import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { visible } from '../domain/visible.ts'
import type { AgentCall } from '../service/agents/agent-call.ts'
import { readRunPlan } from '../service/runs/plan.ts'
import { showRun } from '../service/runs/show.ts'
import { ProtocolError, ProtocolErrorCode } from './mcp.ts'
import type { Tool } from './tool.ts'

/** What performs the calls of agents: this process, or a service that it asks. */
export interface Door {
  /** Never rejects: a refusal is a result. */
  call(tool: Tool, input: object, signal: AbortSignal): Promise<CallToolResult>
  /**
   * Reads what stands at an address of a run.
   * @throws ProtocolError with the words of the refusal, whose `data` has its code
   */
  read(uri: string): Promise<{ text: string; mimeType: string }>
}

/** The door to a home that this process works on. `open` finds out who asks, for each call. */
export function localDoor(open: () => Promise<AgentCall>, warn: (error: unknown) => void): Door {
  return {
    async call(tool, input) {
      let call: AgentCall | null = null
      try {
        call = await open()
        const { value, sentences = [] } = await tool.perform(call, input as never)
        return resultOf(value, sentences)
      } catch (error) {
        if (!(error instanceof CutterError)) warn(error)
        return refusalOf(error, call)
      }
    },
    async read(uri) {
      const { home, redact } = await open()
      try {
        return await readRun(home, uri)
      } catch (error) {
        throw unreadError(redact(factsOf(error)))
      }
    },
  }
}

/** The texts hold no line that others wrote: values are JSON. */
function resultOf(value: object, sentences: string[]): CallToolResult {
  const texts = [...(sentences.length === 0 ? [] : [sentences.join(' ')]), JSON.stringify(value)]
  return {
    content: texts.map((text) => ({ type: 'text' as const, text })),
    structuredContent: value as { [field: string]: Json },
  }
}

interface Facts {
  code: string
  message: string
  next?: string
  [fact: string]: Json | undefined
}

function factsOf(error: unknown): Facts {
  if (error instanceof CutterError) {
    const { code, message, next, data } = error
    return { ...data, code, message, ...(next === undefined ? {} : { next }) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL', message: `internal error: ${message}` }
}

/** A refusal with its code, its words, and what was changed although the call failed, such as its own record. */
function refusalOf(error: unknown, call: AgentCall | null): CallToolResult {
  const facts = factsOf(error)
  return refusal(call?.redact(facts) ?? facts, call?.touched ?? [])
}

/** A resource that was not read. Its number says who has to change something: whoever asks, or whoever runs Cutter. */
function unreadError({ message, ...facts }: Facts): ProtocolError {
  const { InternalError, InvalidParams } = ProtocolErrorCode
  const number = facts.code === 'INTERNAL' ? InternalError : InvalidParams
  return new ProtocolError(number, `${facts.code}: ${visible(message)}`, facts)
}

/** The result of a call that did not happen. */
export function refusal(error: Facts, touched: AgentCall['touched'] = []): CallToolResult {
  const next = error.next === undefined ? [] : [`next: ${visible(error.next)}`]
  return {
    isError: true,
    content: [{ type: 'text', text: [`${error.code}: ${visible(error.message)}`, ...next].join('\n') }],
    structuredContent: { error, touched } as unknown as { [field: string]: Json },
  }
}

async function readRun(home: AgentCall['home'], uri: string): Promise<{ text: string; mimeType: string }> {
  const [, run = '', what] = /^cutter:\/\/runs\/([^/]+)(\/plan)?$/.exec(uri) ?? []
  if (what === undefined) {
    const { run: shown } = await showRun(home, { run })
    return { text: JSON.stringify(shown), mimeType: 'application/json' }
  }
  const plan = await readRunPlan(home, {
    run,
    format: 'markdown',
    page: 1,
    pageSize: Number.MAX_SAFE_INTEGER,
  })
  return { text: Buffer.from(plan).toString('utf8'), mimeType: 'text/markdown' }
}
