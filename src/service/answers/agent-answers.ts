import { z } from 'zod'
import { DOCUMENT_ANSWERS } from './document-answers.ts'
import { MIGRATION_ANSWERS } from './migration-answers.ts'
import { type Answers, count, decision, digest, run, text, time } from './parts.ts'
import { RUN_ANSWERS } from './run-answers.ts'

const next = text.nullable().describe('Continues the list as cursor; null at its end.')

const gate = z.strictObject({
  gate: text,
  planDigest: digest.nullable(),
  since: time,
  expiresAt: time.nullable().describe('When the gate expires by a timer of the chart.'),
  agentMayApprove: z.literal(false).describe('No agent approves: people do, by a signature.'),
  isFinal: z.boolean().describe('Whether a yes leads to a live write without a known way back.'),
  need: count.describe('How many people must approve.'),
  mayApprove: z.array(text),
  approvals: z
    .array(z.strictObject({ approvalId: text, approver: text, decision, wouldCount: z.boolean() }))
    .describe('Unused approvals of this run. One that would count goes to resume_after_approval.'),
  page: text.nullable().describe('Where people read the plan and sign; null without a service.'),
  command: text.describe('What a person runs instead.'),
})

/** What an agent asks next, and when: before that nothing new is to be expected. */
const askAgain = z.strictObject({
  tool: z.literal('wait_for_gate'),
  arguments: z.strictObject({ run: text, until: z.enum(['gate', 'approval', 'closed']) }),
  afterSeconds: count,
  at: time,
})

/** Answers of the tools that agents call. */
export const AGENT_ANSWERS: Answers = {
  'agent-run': {
    commands: [],
    title: 'A run as an agent gets it',
    schema: z.strictObject({
      run,
      arrived: z.boolean().describe('Whether what was waited for has come.'),
      gate: gate.nullable().describe('Null unless the run waits at a gate.'),
      askAgain: askAgain.nullable().describe('Null where nothing more is to be expected.'),
    }),
  },
  'agent-run-list': {
    commands: [],
    title: 'Runs, newest first',
    schema: z.strictObject({ runs: z.array(run), next, warnings: z.array(text) }),
  },
  'agent-plan': {
    commands: [],
    title: 'A page of the plan of a run',
    schema: z.strictObject({
      runId: text,
      gate: text.nullable(),
      planDigest: digest,
      format: z.enum(['markdown', 'json']),
      page: count,
      pages: count,
      text: text.describe('As json the texts of all pages are the bytes whose SHA-256 is planDigest.'),
    }),
  },
  'agent-history': {
    commands: [],
    title: 'Entries of the history of a run',
    schema: z.strictObject({
      runId: text,
      entries: RUN_ANSWERS.history!.schema,
      next: count.nullable().describe('Continues as `after`; null at the end.'),
    }),
  },
  'agent-machines': {
    commands: [],
    title: 'Machines, with the fields of their input',
    schema: z.strictObject({
      machines: z.array(
        z.strictObject({
          name: text,
          version: text.nullable(),
          gates: z.array(text),
          error: text.optional().describe('Why it can’t be used.'),
          input: z.array(
            z.strictObject({
              name: text,
              kind: z.enum(['text', 'number', 'boolean', 'json', 'texts']),
              description: text,
              choices: z.array(text).nullable(),
              required: z.boolean(),
              default: text.nullable(),
            }),
          ),
        }),
      ),
    }),
  },
  'agent-scan': {
    commands: [],
    title: 'How a document is read, a page of its records at a time',
    schema: z.strictObject({
      upload: text.nullable().describe('Names the sent text as the input `source` of a cut.'),
      recordCount: count,
      next: count.nullable().describe('Continues as `from`; null at the end.'),
      scan: DOCUMENT_ANSWERS['document-scan']!.schema,
    }),
  },
  'agent-migration': {
    commands: [],
    title: 'A proposed migration bundle',
    schema: (MIGRATION_ANSWERS['migration-lint']!.schema as z.ZodObject).omit({ bundle: true }).extend({
      bundle: text
        .nullable()
        .describe('Names it as the input `bundle` of machine migrate; null where it has faults.'),
    }),
  },
}
