import { z } from 'zod'
import { type Answers, count, digest, errorFacts, mode, outcome, status, stop, text, time } from './parts.ts'

const openRun = z.strictObject({
  runId: text,
  machine: text,
  version: text,
  definitionDigest: text,
  status: status.nullable(),
  state: text.nullable(),
  gate: text.nullable(),
  verdict: z.enum(['same', 'upgrade', 'untried', 'stranded']),
  why: text.nullable(),
})

const finding = z.strictObject({
  check: text,
  status: z.enum(['ok', 'warn', 'fail']),
  message: text,
  next: text.optional(),
})

/** Answers of the other commands. */
export const OTHER_ANSWERS: Answers = {
  'key-rotation': {
    commands: ['instance rotate-key'],
    title: 'A new key of the instance',
    schema: z.strictObject({
      oldKey: text,
      newKey: text,
      at: time,
      by: text,
      reason: text.nullable(),
      oldFingerprint: text,
      newFingerprint: text,
      file: text,
    }),
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
          reading: z
            .strictObject({
              units: count,
              confidence: z.number(),
              findings: z.strictObject({ stop: count, accept: count, note: count }),
            })
            .nullable(),
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
  'target-preview': {
    commands: ['target init --dry-run'],
    title: 'What preparing a target would do',
    schema: z.strictObject({
      target: text,
      missing: z.array(text),
      already: z.array(text),
      statements: z.array(text),
      privileges: z.array(z.strictObject({ privilege: text, held: z.boolean(), grant: text.nullable() })),
    }),
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
  'target-list': {
    commands: ['target list'],
    title: 'Databases that can be named as a target',
    schema: z.array(
      z.strictObject({
        target: text,
        takes: z.array(z.enum(['cuts', 'migrations'])),
        isEmbedded: z.boolean().describe('Whether Cutter makes and runs its server itself.'),
      }),
    ),
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
    schema: z.array(openRun),
  },
  'machine-new': {
    commands: ['machine new'],
    title: 'A machine that was made',
    schema: z.strictObject({ machine: text, folder: text, files: z.array(text) }),
  },
  'machine-test': {
    commands: ['machine test'],
    title: 'What a test of a machine found',
    schema: z.strictObject({
      file: text,
      machine: text,
      version: text,
      walked: z.array(text),
      notReached: z.array(text),
      kills: z.array(
        z.strictObject({
          write: text,
          moment: z.enum(['before the write', 'in the write', 'after the write']),
          at: count.optional(),
          of: count.optional(),
          executed: count,
          probe: text.nullable(),
        }),
      ),
      faults: z.array(text),
      typesChecked: z.boolean(),
      writesTried: z.boolean(),
      runs: z.array(openRun),
    }),
  },
  'rehearsal-list': {
    commands: ['rehearsal list'],
    title: 'Rehearsal databases',
    schema: z.array(z.looseObject({ runId: text, target: text, place: text, database: text, madeAt: time })),
  },
  doctor: { commands: ['doctor'], title: 'What is missing', schema: z.array(finding) },
  'doctor-cluster': {
    commands: ['doctor --cluster'],
    title: 'The services that share the store',
    schema: z.strictObject({
      hosts: z.array(
        z.strictObject({
          home: text.describe('The id in var/home-id.'),
          host: text,
          version: text,
          machines: z.record(text, z.strictObject({ version: text, definitionDigest: digest })),
          clockMs: z.int().describe('How far its clock is ahead of the server’s.'),
          startedAt: time,
          seenAt: time,
          endedAt: time.nullable(),
          seenMs: z.int(),
          state: z.enum(['working', 'ended', 'silent']),
          differingRules: z.array(text),
        }),
      ),
      replication: z.strictObject({
        synchronousCommit: text,
        synchronousStandbyNames: text,
        standbys: z.array(
          z.strictObject({
            name: text,
            state: text.nullable(),
            sync: text.nullable(),
            lagMs: z.number().nullable(),
          }),
        ),
      }),
      findings: z.array(finding),
    }),
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
