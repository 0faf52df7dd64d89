import { z } from 'zod'
import {
  type Answers,
  ahead,
  count,
  decision,
  digest,
  hold,
  mode,
  outcome,
  planChanges,
  refusal,
  run,
  status,
  stop,
  text,
  time,
  unsettledWrite,
} from './parts.ts'

/** Answers of the commands about runs. */
const world = z
  .strictObject({
    how: z.enum(['looked', 'last-seen']),
    at: time,
    why: text.nullable(),
    isAsPlanned: z.boolean().nullable(),
  })
  .nullable()
  .describe('How the world was seen; null unless the run waits at a gate.')

export const RUN_ANSWERS: Answers = {
  run: {
    commands: [
      'run start',
      'run resume',
      'run cancel',
      'run void',
      'run abandon',
      'run retry',
      'run rollback',
      'run adopt',
      'rehearsal remove',
      'run wait',
    ],
    title: 'A run',
    schema: run,
  },
  'run-review': {
    commands: ['run review'],
    title: 'What belongs to a decision at a gate',
    schema: z.strictObject({
      run,
      plan: text.describe('The plan for people, as Markdown.'),
      changes: planChanges.describe(
        'What differs from the plan with which the run came to this gate before.',
      ),
      differences: z.array(text).describe('What of the world is not as the plan says now.'),
      world,
      isMoved: z
        .boolean()
        .describe('The world was looked at and is not as the plan says: an approval would be refused.'),
      refusals: z
        .array(z.strictObject({ reason: text, message: text, next: text.nullable() }))
        .describe('What would refuse an approval that were brought now.'),
      ahead: z.array(
        z.strictObject({
          state: text,
          phase: text.nullable(),
          kind: z.enum(['read', 'write']).nullable(),
          wayBack: text.nullable().describe('How the write is taken back; null where no way is known.'),
          isFinal: z.boolean(),
        }),
      ),
      isFinal: z.boolean().describe('Whether a yes leads to a write without a known way back.'),
      need: count,
      signed: z.array(
        z.strictObject({
          approvalId: text,
          approver: text,
          decision,
          wouldCount: z.boolean(),
          why: text.nullable(),
        }),
      ),
      readyApproval: text.nullable().describe('An approval with which the run would pass its gate now.'),
      may: z.array(text),
    }),
  },
  'run-page': {
    commands: ['run report'],
    title: 'The page of a run that was written (run report --html)',
    schema: z.strictObject({ runId: text, seq: count, file: text, bytes: count }),
  },
  'run-shown': {
    commands: ['run show'],
    title: 'A run with its operator and closeout',
    schema: run.extend({
      osUser: text,
      operatorDeclared: z.enum(['self', 'config', 'token']),
      startedThrough: z
        .enum(['mcp', 'page'])
        .nullable()
        .describe(
          'How the start came in: from an agent, or from a browser on the page. Null for commands and the API.',
        ),
      closeout: z.enum(['signed', 'unsigned']).optional(),
      gateExpiresAt: time.nullable().describe('When its gate expires by a timer of the chart.'),
      readyApproval: text
        .nullable()
        .describe('An approval with which it would pass its gate now: enough people have approved.'),
      unsettledWrites: z
        .array(unsettledWrite)
        .describe('Writes that were begun and of which nobody knows whether they were committed.'),
      decisions: z
        .array(
          z.strictObject({
            gate: text.nullable(),
            decision,
            approvalId: text.describe('The approval that was brought.'),
            approvers: z.array(
              z.strictObject({
                approvalId: text,
                name: text,
                fingerprint: text.nullable(),
                reason: text.describe('The reason that the statement gives; may be empty.'),
              }),
            ),
            broughtSeq: count,
            usedSeq: count,
            usedAt: time,
          }),
        )
        .describe('The decisions that moved the run, with everyone whose approval counted.'),
    }),
  },
  'run-list': { commands: ['run list'], title: 'Runs, newest first', schema: z.array(run) },
  history: {
    commands: ['run history'],
    title: 'The history of a run',
    schema: z.array(
      z.strictObject({
        seq: count,
        at: time,
        event: z.looseObject({ type: text }),
        by: text,
        state: text,
        status,
        snapshotDigest: digest,
        previousHash: digest,
        hash: digest,
      }),
    ),
  },
  explanation: {
    commands: ['run explain'],
    title: 'What a run waits for, and what would happen',
    schema: z.strictObject({
      runId: text,
      mode,
      status,
      state: text,
      outcome: outcome.nullable(),
      waitsFor: z.strictObject({
        kind: z.enum(['approval', 'retry', 'work', 'nothing']),
        gate: text.nullable(),
        since: time,
        planDigest: digest.nullable(),
        expiresAt: time.nullable().describe('When the gate expires by a timer of the chart.'),
      }),
      unsettledWrites: z.array(unsettledWrite),
      stop: stop.nullable(),
      afterStop: z.enum(['resume', 'another-run']).nullable().describe('What can help a stopped run.'),
      upgrade: z.strictObject({ from: text, to: text }).nullable(),
      hold: hold.nullable(),
      approvers: z.array(
        z.strictObject({
          principal: text,
          keys: z.array(z.strictObject({ type: text, fingerprint: text })),
          may: z.boolean(),
          why: text,
        }),
      ),
      policy: z
        .object({ need: count, of: z.array(text).nullable(), validHours: z.number(), fourEyes: z.boolean() })
        .nullable(),
      approvals: z.array(z.looseObject({ approvalId: text })),
      ifApproved: z.array(ahead),
      ifRetried: z.array(ahead),
      hosts: z
        .array(z.strictObject({ host: text, state: text, why: text.nullable(), ahead: z.array(text) }))
        .describe('Each host of a run with several: where it stands, and the phases that come for it.'),
      refusals: z.array(refusal),
      differences: z.array(text),
      differsFrom: z
        .enum(['plan', 'earlier-plan'])
        .nullable()
        .describe('earlier-plan: what changed since the plan with which the run came to this gate before.'),
      world,
    }),
  },
  graph: {
    commands: ['run graph', 'machine graph'],
    title: 'A machine as a Mermaid diagram',
    schema: z.strictObject({ machine: text, version: text, state: text.nullable(), mermaid: text }),
  },
  report: {
    commands: ['run report'],
    title: 'The reports of a run that were made',
    schema: z.strictObject({
      runId: text,
      folder: text,
      seq: count.describe('The history entry that they show.'),
    }),
  },
  'report-list': {
    commands: [],
    title: 'The reports of a run by their names',
    schema: z.strictObject({ runId: text, seq: count, reports: z.array(text) }),
  },
  'evidence-list': {
    commands: [],
    title: 'The evidence of a run',
    schema: z.array(
      z.strictObject({
        seq: count.describe('The entry that names it.'),
        name: text,
        digest,
        mediaType: text,
        bytes: count,
      }),
    ),
  },
}
