import { z } from 'zod'
import { type Answers, count, mode, planChanges, text, time } from './parts.ts'

const session = z.strictObject({
  name: text.describe('The operator whom histories name.'),
  role: z.enum(['viewer', 'operator', 'admin']),
  machines: z.array(text).nullable().describe('The machines whose runs it reaches; null for all.'),
  runId: text.nullable().describe('The only run that a read-only link reaches.'),
})

const point = z.strictObject({ x: z.number(), y: z.number() })

/** Answers that the page of the service needs and no command prints. */
export const PAGE_ANSWERS: Answers = {
  session: { commands: [], title: 'Who calls', schema: session },
  'session-opened': {
    commands: [],
    title: 'A session of a browser',
    schema: session.extend({
      guard: text.describe('Belongs into the header x-cutter-guard of each request that brings the cookie.'),
    }),
  },
  'passkey-ids': {
    commands: [],
    title: 'For which RP ids passkeys count',
    schema: z.strictObject({
      rpIds: z.array(text).nullable().describe('Those of policies; null: the name of the page’s host.'),
    }),
  },
  inbox: {
    commands: ['inbox'],
    title: 'What waits for people',
    schema: z.strictObject({
      at: time,
      items: z
        .array(
          z.strictObject({
            runId: text,
            machine: text,
            mode,
            status: z.enum(['paused', 'stopped']),
            state: text,
            gate: text.nullable(),
            about: text,
            since: time,
            startedBy: text,
            isFinal: z.boolean().describe('Whether a yes leads to a write without a known way back.'),
            need: count,
            have: z.array(text),
            may: z.array(text),
            expiresAt: time.nullable(),
            readyApproval: text
              .nullable()
              .describe('An approval with which the run would pass its gate now.'),
            why: text.nullable(),
            next: text.nullable(),
          }),
        )
        .describe('Final gates, other gates, stopped runs; the longest wait first.'),
      more: count.describe('Runs that wait and are not among the items, counted up to 1,000.'),
      next: text.nullable().describe('Continues the inbox as cursor; null at its end.'),
      working: count,
    }),
  },
  'run-chart': {
    commands: [],
    title: 'The chart of a run, laid out',
    schema: z.strictObject({
      machine: text,
      version: text,
      here: text,
      path: z.array(text),
      isSame: z.boolean(),
      width: z.number(),
      height: z.number(),
      nodes: z.array(
        point.extend({
          state: text,
          gates: z.array(text),
          outcome: text.nullable(),
          width: z.number(),
          height: z.number(),
        }),
      ),
      edges: z.array(
        z.strictObject({ from: text, to: text, labels: z.array(text), points: z.array(point), at: point }),
      ),
      fromAnywhere: z.array(z.strictObject({ to: text, label: text })),
    }),
  },
  'plan-changes': {
    commands: [],
    title: 'How a plan differs from the one before',
    schema: planChanges,
  },
  'ahead-of-gate': {
    commands: [],
    title: 'What would happen after an approval',
    schema: z.strictObject({
      isFinal: z.boolean(),
      steps: z.array(
        z.strictObject({
          state: text,
          phase: text.nullable(),
          kind: z.enum(['read', 'write']).nullable(),
          wayBack: text.nullable().describe('How a write is taken back; null where no way is known.'),
          isFinal: z.boolean(),
        }),
      ),
      passkeys: z
        .strictObject({
          origins: z.array(text),
          rpIds: z.array(text).nullable(),
          keys: z.array(z.strictObject({ principal: text, publicKey: text })),
        })
        .nullable()
        .describe('Where passkeys may sign, and which are listed; null where the run waits at no gate.'),
    }),
  },
}
