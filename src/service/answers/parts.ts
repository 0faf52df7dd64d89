import { z } from 'zod'

/** Parts that several answers share. */

export const text = z.string()
export const time = z.iso.datetime()
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
export const hex = z.string().regex(/^[0-9a-f]{64}$/)
export const count = z.int().min(0)
const free = z.record(text, z.json())

export const mode = z.enum(['dry-run', 'live'])
export const status = z.enum(['working', 'paused', 'stopped', 'closed'])
export const outcome = z.enum([
  'succeeded',
  'failed',
  'rolled-back',
  'rejected',
  'cancelled',
  'voided',
  'abandoned',
])
export const decision = z.enum(['approve', 'reject', 'void', 'abandon'])

export const stop = z.strictObject({
  code: text,
  message: text,
  next: text.optional(),
  data: free.optional(),
})
export const hold = z.strictObject({ since: time, reason: text, by: text })

/** A write of which nobody knows whether it was committed. */
export const unsettledWrite = z.strictObject({
  phase: text,
  seq: count,
  attempt: count,
  startedAt: time,
  known: text,
})

export const errorFacts = z.looseObject({
  code: text.describe('An error code, such as APPROVAL_REFUSED, or INTERRUPTED after Ctrl-C.'),
  message: text,
  next: text.optional().describe('What to do next: a sentence or a command.'),
  reason: text.optional().describe('The reason code of a refusal.'),
  differences: z.array(text).optional().describe('What no longer fits the approved plan, one line each.'),
})

export const run = z.strictObject({
  runId: text,
  machine: text,
  version: text,
  mode,
  status,
  state: text.describe('The milestone that the run has reached.'),
  phase: text.nullable().describe('The effect at work; null when none is.'),
  stopCode: text.nullable(),
  outcome: outcome.nullable(),
  gate: text.nullable(),
  planDigest: digest.nullable(),
  startedBy: text,
  startedAt: time,
  updatedAt: time,
  output: free.describe('What the machine reports. Its fields depend on the machine.'),
  about: text.describe('What the run changes, and where, in one line.'),
  stop: stop.optional(),
  hold: hold.nullable().optional(),
  note: text
    .optional()
    .describe(
      'Only where a command changed nothing, because the run had closed before, or where an abandoned deploy may have left something.',
    ),
  error: errorFacts.optional().describe('Only where the command did not happen, although the run is known.'),
})

export const approval = z.strictObject({
  approvalId: text,
  runId: text,
  machine: text,
  gate: text,
  seq: count.describe('The history entry at which the run came to its gate.'),
  planDigest: digest,
  decision,
  kind: z.enum(['signed', 'rehearsal']),
  approver: text,
  expiresAt: time.describe('As signed.'),
  countsUntil: time
    .optional()
    .describe('Until when the policy of the gate and allowed_signers let it count. Not in lists.'),
  endsBySigners: z
    .boolean()
    .optional()
    .describe('Whether valid-before of allowed_signers ends it. Only of approval show.'),
  countsFrom: time
    .optional()
    .describe('From when valid-after of allowed_signers lets it count. Only of approval show.'),
})
export const listedApproval = approval.extend({
  usedSeq: count.nullable(),
  usedAt: time.nullable(),
  countedSeq: count.nullable().describe('The entry of a decision for which it counted.'),
})

export const range = z.strictObject({
  from: count,
  to: count,
  by: text.nullable(),
  kind: z.enum(['approval', 'closeout', 'countersign', 'nobody']),
  gate: text.optional().describe('The gate of an approval.'),
  origin: text.optional().describe('The web origin on which an approval was signed in a browser.'),
  decision: decision.optional(),
  trusted: z
    .boolean()
    .describe('Whether --signers lists this key for this signer, or the earlier key of the instance.'),
  fingerprint: text.nullable(),
  revoked: z.boolean().optional().describe('Whether --revoked lists this key.'),
  earlierKey: z
    .strictObject({ signer: text, fingerprint: text, revoked: z.boolean() })
    .optional()
    .describe('The earlier key of the instance by which its closeout is trusted, or which --revoked lists.'),
})

export const ahead = z.strictObject({
  state: text,
  phase: text.nullable(),
  status,
  kind: z.enum(['read', 'write']).nullable(),
})

export const refusal = z.strictObject({ reason: text, message: text, next: text.nullable() })

export const record = z.strictObject({
  kind: z.enum(['unit', 'container', 'excluded', 'other']),
  level: text.nullable(),
  number: text.nullable(),
  address: text.nullable(),
  heading: text.nullable(),
  status: text.nullable(),
  start: count,
  end: count,
  sha256: hex,
  parent: z.json(),
  reason: text.optional().describe('Why a unit is excluded.'),
})

/** What `--json` prints, and which commands print it. */
interface Answer {
  commands: string[]
  title: string
  schema: z.ZodType
}

/** Answers by the name of their schema file. */
export type Answers = { [name: string]: Answer }

/** How the plan of a run differs from the one with which it came to its gate before. */
export const planChanges = z.strictObject({
  from: digest.nullable(),
  to: digest,
  fromSeq: count.nullable(),
  because: z.array(text).describe('What the last check at the gate found.'),
  parts: z
    .array(
      z.strictObject({
        part: text.describe('The part of the plan, by its heading.'),
        differences: z.array(
          z.strictObject({
            how: z.enum(['added', 'removed', 'changed']),
            what: text.describe('From the outside in; empty where it is the part itself.'),
            words: z.array(z.strictObject({ kind: z.enum(['same', 'removed', 'added']), text })),
          }),
        ),
        more: count.describe('How many differences are left out.'),
      }),
    )
    .describe('What differs, in words.'),
})
