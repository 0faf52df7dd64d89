import { z } from 'zod'
import { readHistoryPage } from '../service/agents/pages.ts'
import { readPlanPage } from '../service/agents/plan-page.ts'
import { AGENT_AWAITED } from '../service/agents/run-for-agent.ts'
import { waitForGate } from '../service/agents/wait-for-gate.ts'
import { listMachineInputs } from '../service/machines/inputs.ts'
import { explainRun } from '../service/runs/explain.ts'
import { listRuns } from '../service/runs/list.ts'
import { answerRun } from './answer-run.ts'
import { tool } from './tool.ts'

const text = z.string()
export const run = text.describe('The id of a run, or a unique prefix or suffix of it.')

/** Tools that change nothing. */
export const READING_TOOLS = [
  tool('list_runs', {
    title: 'List runs',
    description: 'Lists runs, newest first, with what each waits for.',
    answer: 'agent-run-list',
    does: 'reads',
    input: {
      status: z.enum(['working', 'paused', 'stopped', 'closed']).optional(),
      machine: text.optional(),
      mode: z.enum(['dry-run', 'live']).optional(),
      gate: text.optional().describe('The gate at which they wait, such as SG1.'),
      operator: text.optional().describe('Whoever started or moved them.'),
      text: text.optional().describe('Part of id, machine, state, operator or input.'),
      limit: z.int().min(1).max(200).default(20),
      cursor: text.optional().describe('The `next` of an earlier answer.'),
    },
    async perform({ home }, input) {
      const { runs, next, warnings } = await listRuns(home, input)
      return { value: { runs, next, warnings } }
    },
  }),
  tool('read_plan', {
    title: 'Read the plan of a run',
    description:
      'Reads what people are asked to approve, a page at a time: every statement, command and changed word.',
    answer: 'agent-plan',
    does: 'reads',
    input: {
      run,
      format: z
        .enum(['markdown', 'json'])
        .default('markdown')
        .describe('markdown: for people. json: the bytes whose SHA-256 is the plan digest.'),
      page: z.int().min(1).default(1),
    },
    perform: async ({ home }, input) => ({ value: await readPlanPage(home, input) }),
  }),
  tool('explain', {
    title: 'Explain what a run waits for',
    description:
      'Tells what a run waits for, who may approve, what would happen then, and what would refuse it. Reads the target unless offline.',
    answer: 'explanation',
    does: 'reads',
    input: { run, offline: z.boolean().default(false).describe('Asks no target and no host.') },
    perform: async ({ home }, input) => ({ value: await explainRun(home, input) }),
  }),
  tool('history', {
    title: 'Read the history of a run',
    description: 'Reads the entries of the hash-chained history of a run, refusals included.',
    answer: 'agent-history',
    does: 'reads',
    input: {
      run,
      after: z.int().min(0).default(0).describe('The `next` of an earlier answer, or the last `seq` known.'),
      limit: z.int().min(1).max(200).default(50),
    },
    perform: async ({ home }, input) => ({ value: await readHistoryPage(home, input) }),
  }),
  tool('wait_for_gate', {
    title: 'Wait for a gate, or for people at it',
    description:
      'Waits at most 50 seconds until a run comes to a gate, has an approval there, or closes. Then it answers with the run, and with when to ask again: asking earlier is of no use.',
    answer: 'agent-run',
    does: 'reads',
    input: {
      run,
      until: z
        .enum(AGENT_AWAITED)
        .default('gate')
        .describe('approval: somebody’s approval would count, or the run has left its gate.'),
      seconds: z.number().min(0).max(50).default(50),
    },
    perform: async (call, input) => answerRun(await waitForGate(call, input)),
  }),
  tool('machines', {
    title: 'List machines',
    description: 'Lists the machines that can be started, with the fields of their input.',
    answer: 'agent-machines',
    does: 'reads',
    input: {},
    perform: async ({ home }) => ({ value: { machines: await listMachineInputs(home) } }),
  }),
]
