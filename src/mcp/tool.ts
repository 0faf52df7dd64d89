import { z } from 'zod'
import type { AgentCall } from '../service/agents/agent-call.ts'

type Shape = { [name: string]: z.ZodType }

/** What a tool answers: the value that its schema describes, and sentences for whoever reads it. */
export interface ToolAnswer {
  value: object
  sentences?: string[]
}

/** One tool of an agent. It parses, calls a use case, and answers: it knows no rules. */
export interface Tool {
  name: string
  title: string
  description: string
  input: z.ZodObject
  /** The name of the answer's schema in `service/answers`. */
  answer: string
  /** `reads` changes nothing. `moves` may lead to a write that people have approved. */
  does: 'reads' | 'prepares' | 'moves'
  perform(call: AgentCall, input: never): Promise<ToolAnswer>
}

interface Definition<Input extends Shape> extends Omit<Tool, 'name' | 'input' | 'perform'> {
  input: Input
  perform(call: AgentCall, input: z.output<z.ZodObject<Input>>): Promise<ToolAnswer>
}

/** Makes a tool. Arguments that it does not name are refused. */
export const tool = <Input extends Shape>(name: string, definition: Definition<Input>): Tool => ({
  ...definition,
  name,
  input: z.strictObject(definition.input),
})
