import { z } from 'zod'
import { type Answers, approval, digest, listedApproval, text, time } from './parts.ts'

/** Answers of the commands that decide: approvals, the execution switch, the hold. */
export const APPROVAL_ANSWERS: Answers = {
  approval: {
    commands: ['approval sign', 'approval import', 'approval rehearse'],
    title: 'An approval',
    schema: approval,
  },
  'approval-shown': {
    commands: ['approval show'],
    title: 'An approval with its statement and signature',
    schema: listedApproval.extend({
      statement: z.looseObject({ type: text, runId: text, gate: text, planDigest: digest }),
      statementText: text.describe('The bytes that were signed.'),
      signature: text.nullable(),
    }),
  },
  'approval-list': { commands: ['approval list'], title: 'Approvals', schema: z.array(listedApproval) },
  countersignature: {
    commands: ['approval countersign'],
    title: 'A countersignature of a closeout',
    schema: z.strictObject({
      runId: text,
      kind: z.literal('countersign'),
      signer: text,
      at: time,
      closeoutDigest: digest,
      warning: text
        .nullable()
        .optional()
        .describe('From the API: why allowed_signers does not admit the signer any more; null when it does.'),
    }),
  },
  execution: {
    commands: ['execution status', 'execution enable', 'execution disable'],
    title: 'The execution switch',
    schema: z.strictObject({
      enabled: z.boolean(),
      until: time.nullable(),
      at: time,
      allowLive: z.boolean(),
      reason: text.nullable(),
      by: text.nullable(),
    }),
  },
  hold: {
    commands: ['hold status', 'hold on', 'hold off', 'hold release'],
    title: 'The hold',
    schema: z.strictObject({
      on: z.boolean(),
      since: time.nullable(),
      reason: text.nullable(),
      by: text.nullable(),
      released: z.array(text).describe('Runs that may continue although the hold is on.'),
    }),
  },
}
