import { z } from 'zod'
import {
  type Answers,
  count,
  decision,
  digest,
  mode,
  outcome,
  range,
  status,
  text,
  time,
  unsettledWrite,
} from './parts.ts'

/** Answers about evidence bundles. */
export const BUNDLE_ANSWERS: Answers = {
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
