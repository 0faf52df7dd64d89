import { visible } from '../domain/visible.ts'
import { describeGate, type RunForAgent } from '../service/agents/run-for-agent.ts'
import type { ToolAnswer } from './tool.ts'

/** A run as a tool answers it: at a gate with sentences on who passes it. */
export const answerRun = (answer: RunForAgent): ToolAnswer => ({
  value: answer,
  sentences: [
    ...(answer.run.note === undefined ? [] : [`${visible(answer.run.note)}.`]),
    ...(answer.gate === null ? [] : describeGate(answer.run, answer.gate)),
  ],
})
