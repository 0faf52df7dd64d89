import { z } from 'zod'
import type { AgentCall } from '../service/agents/agent-call.ts'
import { runForAgent } from '../service/agents/run-for-agent.ts'
import { holdAll } from '../service/holds/on.ts'
import { cancelRun } from '../service/runs/cancel.ts'
import { resumeRun } from '../service/runs/resume.ts'
import type { RunAnswer } from '../service/runs/run-answer.ts'
import { startRun } from '../service/runs/start.ts'
import { answerRun } from './answer-run.ts'
import { run } from './reading-tools.ts'
import { type ToolAnswer, tool } from './tool.ts'

const text = z.string()
const seconds = z
  .number()
  .min(0)
  .max(50)
  .default(30)
  .describe('After so many seconds the run is answered as it is; it works on.')

const start = {
  machine: text.describe('A name that the tool machines lists.'),
  input: z
    .record(text, z.json())
    .default({})
    .describe('The fields of the machine. What was sent is named as upload:<sha256>.'),
  key: text
    .optional()
    .describe(
      'The same key and input always return the same run: give one, so that a repeated call starts nothing.',
    ),
  seconds,
}

async function moved(call: AgentCall, work: Promise<RunAnswer>, seconds: number): Promise<ToolAnswer> {
  const run = await call.works(work, seconds)
  return answerRun(await runForAgent(call, run, run.status !== 'working'))
}

/** Tools that start and move runs. None of them passes a gate: what people have signed does. */
export const MOVING_TOOLS = [
  tool('start_dry_run', {
    title: 'Start a dry run',
    description: 'Starts a run that plans and rehearses, and writes to no target. It pauses at its gates.',
    answer: 'agent-run',
    does: 'prepares',
    input: start,
    perform: (call, { seconds, ...given }) =>
      moved(call, startRun(call.home, { ...given, mode: 'dry-run', by: call.by }), seconds),
  }),
  tool('start_live_plan', {
    title: 'Plan a live run',
    description:
      'Starts a live run, which plans and pauses at its first gate. It writes only after people have approved that plan. Live runs must be allowed here.',
    answer: 'agent-run',
    does: 'prepares',
    input: start,
    perform: (call, { seconds, ...given }) =>
      moved(call, startRun(call.home, { ...given, mode: 'live', by: call.by }), seconds),
  }),
  tool('resume_after_approval', {
    title: 'Resume a run with an approval',
    description:
      'Resumes a run with an approval that a person has made and imported. It makes none. Whether the approval counts is judged here; a refusal leaves the run where it is.',
    answer: 'agent-run',
    does: 'moves',
    input: {
      run,
      approval: text.describe('The id of the approval, as wait_for_gate lists it.'),
      seconds,
    },
    perform: (call, { seconds, ...given }) =>
      moved(call, resumeRun(call.home, { ...given, by: call.by }), seconds),
  }),
  tool('cancel', {
    title: 'Cancel a run',
    description: 'Closes a run as cancelled. What it has committed stays.',
    answer: 'agent-run',
    does: 'moves',
    input: { run, reason: text.describe('The reason; it is recorded.'), seconds },
    perform: (call, { seconds, ...given }) =>
      moved(call, cancelRun(call.home, { ...given, by: call.by }), seconds),
  }),
  tool('hold_on', {
    title: 'Stop everything',
    description:
      'Switches the hold on: no run starts or continues, from the next write on. Only people switch it off.',
    answer: 'hold',
    does: 'moves',
    input: { reason: text.describe('The reason; it is recorded.') },
    perform: async ({ home, by }, input) => ({ value: await holdAll(home, { ...input, by }) }),
  }),
]
