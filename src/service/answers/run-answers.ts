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
  range,
  refusal,
  run,
  status,
  stop,
  text,
  time,
  unsettledWrite,
} from './parts.ts'

/** Answers of the commands about runs, and of `cutter verify`. */
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
      changes: z
        .strictObject({
          from: digest.nullable(),
          to: digest,
          fromSeq: count.nullable(),
          changes: z.array(z.strictObject({ place: text, before: z.json(), after: z.json() })),
        })
        .describe('What differs from the plan with which the run came to this gate before.'),
      differences: z.array(text).describe('What of the world is not as the plan says now.'),
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
      closeout: z.enum(['signed', 'unsigned']).optional(),
      gateExpiresAt: time.nullable().describe('When its gate expires by a timer of the chart.'),
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
              z.strictObject({ approvalId: text, name: text, fingerprint: text.nullable() }),
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
      refusals: z.array(refusal),
      differences: z.array(text),
      world: z
        .strictObject({
          how: z.enum(['looked', 'last-seen']),
          at: time,
          why: text.nullable(),
          isAsPlanned: z.boolean().nullable(),
        })
        .nullable()
        .describe('How the world was seen; null unless the run waits at a gate.'),
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
  export: {
    commands: ['run export'],
    title: 'An evidence bundle that was written',
    schema: z.strictObject({
      runId: text,
      file: text,
      digest,
      bytes: count,
      files: count,
      entries: count,
      status,
      closeout: z.enum(['signed', 'unsigned']).nullable(),
      unsignedBecause: text.optional().describe('Why the closeout is not signed.'),
      unproven: z
        .array(text)
        .optional()
        .describe('Proofs of time that were asked for in vain, as sentences.'),
      countersigned: z.array(text),
    }),
  },
  verdict: {
    commands: ['verify'],
    title: 'Whether an evidence bundle holds',
    schema: z.strictObject({
      format: count.nullable().describe('Format of the bundle; null when it cannot be read.'),
      holds: z.boolean(),
      firstFault: z.looseObject({ code: text, message: text }).nullable(),
      runId: text.nullable(),
      machine: text.nullable(),
      mode: mode.nullable(),
      outcome: z
        .enum([...outcome.options, 'gates unknown'])
        .nullable()
        .describe('gates unknown: it succeeded under a definition whose gates are not known.'),
      requiredGates: z.array(text).nullable().describe('Null when the definition is unknown.'),
      unmet: z.array(text).describe('Requirements of the checker that are unmet.'),
      entries: count,
      unsettledWrites: z
        .array(unsettledWrite)
        .describe('Writes of which an abandoned run does not know whether they were committed.'),
      ranges: z.array(range),
      approvals: z.array(
        z.looseObject({ approvalId: text, kind: text, gate: text, decision, approver: text }),
      ),
      times: z
        .array(
          z.strictObject({
            kind: z.enum(['time-token', 'log-proof']),
            path: text.describe('The file in the bundle.'),
            of: text.describe('The id of an approval, or closeout.'),
            at: time.nullable(),
            by: text
              .nullable()
              .describe('The authority or the witness; the log where no witness is trusted.'),
            trusted: z.boolean().describe('Somebody in --timestamp-ca or --witnesses says so.'),
            fault: text.nullable().describe('Why it proves nothing to anybody.'),
          }),
        )
        .describe('Proofs that approvals and the closeout existed at a time.'),
      notes: z.array(text),
    }),
  },
}
