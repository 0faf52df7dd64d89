import { z } from 'zod'

/**
 * What `--json` prints, by the name of the schema file. Fields may be added later and are never removed or renamed, so the schema files
 * accept other fields too; here they are refused, so that a new field is documented. json-answers.test.ts compares with what the program prints.
 */

const text = z.string()
const time = z.iso.datetime()
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)
const free = z.record(text, z.json())

const mode = z.enum(['dry-run', 'live'])
const status = z.enum(['working', 'paused', 'stopped', 'closed'])
const outcome = z.enum(['succeeded', 'failed', 'rolled-back', 'rejected', 'cancelled', 'voided'])
const decision = z.enum(['approve', 'reject', 'void'])

const stop = z.strictObject({ code: text, message: text, next: text.optional(), data: free.optional() })
const hold = z.strictObject({ since: time, reason: text, by: text })

const errorFacts = z.looseObject({
  code: text.describe('An error code, such as APPROVAL_REFUSED, or INTERRUPTED after Ctrl-C.'),
  message: text,
  next: text.optional().describe('What to do next: a sentence or a command.'),
  reason: text.optional().describe('The reason code of a refusal.'),
  differences: z.array(text).optional().describe('What no longer fits the approved plan, one line each.'),
})

const run = z.strictObject({
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
  stop: stop.optional(),
  hold: hold.nullable().optional(),
  error: errorFacts.optional().describe('Only where the command did not happen, although the run is known.'),
})

const approval = z.strictObject({
  approvalId: text,
  runId: text,
  machine: text,
  gate: text,
  seq: count.describe('The history entry at which the run came to its gate.'),
  planDigest: digest,
  decision,
  kind: z.enum(['signed', 'rehearsal']),
  approver: text,
  expiresAt: time,
})
const listedApproval = approval.extend({ usedSeq: count.nullable(), usedAt: time.nullable() })

const range = z.strictObject({
  from: count,
  to: count,
  by: text.nullable(),
  kind: z.enum(['approval', 'closeout', 'countersign', 'nobody']),
  decision: decision.optional(),
  trusted: z.boolean().describe('Whether --signers lists this key for this signer.'),
  fingerprint: text.nullable(),
})

const ahead = z.strictObject({
  state: text,
  phase: text.nullable(),
  status,
  kind: z.enum(['read', 'write']).nullable(),
})

const refusal = z.strictObject({ reason: text, message: text, next: text.nullable() })

const record = z.strictObject({
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
})

export interface Answer {
  /** The commands that print it with `--json`. */
  commands: string[]
  title: string
  schema: z.ZodType
}

export const ANSWERS: { [name: string]: Answer } = {
  run: {
    commands: [
      'run start',
      'run resume',
      'run cancel',
      'run void',
      'run retry',
      'run rollback',
      'rehearsal remove',
    ],
    title: 'A run',
    schema: run,
  },
  'run-shown': {
    commands: ['run show'],
    title: 'A run with its operator and closeout',
    schema: run.extend({
      osUser: text,
      operatorDeclared: z.enum(['self', 'config']),
      closeout: z.enum(['signed', 'unsigned']).optional(),
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
      }),
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
    }),
  },
  graph: {
    commands: ['run graph', 'machine graph'],
    title: 'A machine as a Mermaid diagram',
    schema: z.strictObject({ machine: text, version: text, state: text.nullable(), mermaid: text }),
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
      countersigned: z.array(text),
    }),
  },
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
  'document-scan': {
    commands: ['document scan'],
    title: 'How a document is read',
    schema: z.strictObject({
      document: text,
      profile: text,
      profileVersion: text,
      confidence: z.number(),
      why: text,
      bytes: count,
      sha256: hex,
      encoding: text,
      records: z.array(record),
      coverage: z.strictObject({
        complete: z.boolean(),
        gaps: z.array(z.json()),
        overlaps: z.array(z.json()),
      }),
      problems: z.array(
        z.strictObject({
          code: text,
          message: text,
          line: count,
          column: count,
          start: count,
          severity: z.enum(['stops', 'needs-accept', 'note']),
        }),
      ),
    }),
  },
  'document-diff': {
    commands: ['document diff'],
    title: 'What an amendment changes',
    schema: z.strictObject({
      changes: z.array(
        z.strictObject({
          change: text,
          address: text,
          newAddress: text.nullable(),
          oldSha256: hex.nullable(),
          newSha256: hex.nullable(),
          occurrence: count.optional(),
        }),
      ),
      other: z.array(z.strictObject({ removed: z.array(text), added: z.array(text) })),
    }),
  },
  'document-profiles': {
    commands: ['document profiles'],
    title: 'Profiles that are known here',
    schema: z.array(
      z.strictObject({
        name: text,
        version: text,
        description: text,
        languages: z.array(text),
        syntax: z.array(text),
        from: text,
        detected: z.enum(['first', 'fallback', 'named']),
        levels: z.array(z.strictObject({ name: text, code: text, role: text })),
      }),
    ),
  },
  batch: {
    commands: ['batch start', 'batch show', 'batch resume'],
    title: 'A batch and its documents',
    schema: z.strictObject({
      batchId: text,
      folder: text,
      mode,
      target: text,
      startedBy: text.nullable(),
      startedAt: time,
      counts: z.strictObject({
        paused: count,
        stopped: count,
        working: count,
        succeeded: count,
        closed: count.describe('Runs that closed otherwise than as succeeded.'),
        refused: count.describe('Documents that could not become runs.'),
        unstarted: count.describe('Documents that a crash left without a run.'),
      }),
      documents: z.array(
        z.strictObject({
          document: text,
          source: text,
          runId: text.nullable(),
          status: status.nullable(),
          state: text.nullable(),
          gate: text.nullable(),
          planDigest: digest.nullable(),
          stopCode: text.nullable(),
          outcome: outcome.nullable(),
          stop: stop.nullable(),
          error: errorFacts.nullable(),
        }),
      ),
    }),
  },
  'target-init': {
    commands: ['target init'],
    title: 'A target that was prepared',
    schema: z.strictObject({ target: text, applied: z.array(text), already: z.array(text) }),
  },
  'target-grants': {
    commands: ['target grants'],
    title: 'What each role may do',
    schema: z.strictObject({
      target: text,
      grantsMatch: z.boolean(),
      grantMatrixDigest: digest,
      expectedDigest: digest,
      facts: z.array(z.strictObject({ fact: text, holds: z.boolean(), expected: z.boolean() })),
      wrong: z.array(text),
    }),
  },
  'target-survey': {
    commands: ['target survey'],
    title: 'What a run would see in a target',
    schema: z.looseObject({
      target: text,
      server: z.looseObject({ systemIdentifier: text, database: text, version: text }),
      counts: z.record(text, z.record(text, count.nullable())),
      grantsMatch: z.boolean(),
      wrong: z.array(text),
    }),
  },
  'machine-list': {
    commands: ['machine list'],
    title: 'Machines that are known here',
    schema: z.array(
      z.strictObject({
        name: text,
        version: text,
        definitionDigest: digest,
        gates: z.array(text),
        from: text,
      }),
    ),
  },
  'machine-check': {
    commands: ['machine check'],
    title: 'Whether open runs can continue',
    schema: z.array(
      z.strictObject({
        runId: text,
        machine: text,
        version: text,
        definitionDigest: text,
        status: status.nullable(),
        state: text.nullable(),
        gate: text.nullable(),
        verdict: z.enum(['same', 'upgrade', 'stranded']),
        why: text.nullable(),
      }),
    ),
  },
  'migration-bundle': {
    commands: ['migrate new'],
    title: 'A migration bundle that was made',
    schema: z.strictObject({ bundle: text, files: z.array(text) }),
  },
  'migration-lint': {
    commands: ['migrate lint'],
    title: 'Faults and statements of a migration bundle',
    schema: z.strictObject({
      bundle: text,
      ok: z.boolean(),
      faults: z.array(z.strictObject({ file: text, line: count.optional(), message: text })),
      statements: z.array(
        z.strictObject({ number: count, line: count, kind: text, sha256: hex, transactional: z.boolean() }),
      ),
      squawk: z.looseObject({ tool: z.literal('squawk'), installed: z.boolean() }),
    }),
  },
  'rehearsal-list': {
    commands: ['rehearsal list'],
    title: 'Rehearsal databases',
    schema: z.array(z.looseObject({ runId: text, target: text, place: text, database: text, madeAt: time })),
  },
  'store-backup': {
    commands: ['store backup'],
    title: 'A backup of the store',
    schema: z.strictObject({
      file: text,
      bytes: count,
      sha256: hex,
      runs: count,
      entries: count,
      faults: z.array(text),
    }),
  },
  'store-restore': {
    commands: ['store restore'],
    title: 'A store that was restored',
    schema: z.strictObject({
      file: text,
      replaced: text.nullable(),
      runs: count,
      entries: count,
      faults: z.array(text),
      behind: z.array(z.strictObject({ runId: text, why: text })),
    }),
  },
  'store-prune': {
    commands: ['store prune'],
    title: 'Runs that were pruned, or would be',
    schema: z.array(
      z.strictObject({
        runId: text,
        closedAt: time,
        bundle: text.nullable(),
        bundleDigest: digest.nullable(),
      }),
    ),
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
      outcome: outcome.nullable(),
      entries: count,
      ranges: z.array(range),
      approvals: z.array(
        z.looseObject({ approvalId: text, kind: text, gate: text, decision, approver: text }),
      ),
      notes: z.array(text),
    }),
  },
  doctor: {
    commands: ['doctor'],
    title: 'What is missing',
    schema: z.array(
      z.strictObject({
        check: text,
        status: z.enum(['ok', 'warn', 'fail']),
        message: text,
        next: text.optional(),
      }),
    ),
  },
  demo: {
    commands: ['demo'],
    title: 'The runs of the demo',
    schema: z.strictObject({ dryRun: text, live: text.nullable(), duplicate: text }),
  },
  error: {
    commands: [],
    title: 'A command that did not happen',
    schema: z.strictObject({ error: errorFacts }),
  },
}
