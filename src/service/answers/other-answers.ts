import { z } from 'zod'
import {
  type Answers,
  count,
  digest,
  errorFacts,
  hex,
  mode,
  outcome,
  record,
  status,
  stop,
  text,
  time,
} from './parts.ts'

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
  'document-scan': {
    commands: ['document scan'],
    title: 'How a document is read',
    schema: z.strictObject({
      document: text,
      profile: text,
      profileVersion: text,
      reading: text.describe('Profile, version and levels: what --profile takes to read it so again.'),
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
          moment: z.enum(['before the write', 'after the write']),
          executed: count,
        }),
      ),
      faults: z.array(text),
      typesChecked: z.boolean(),
      writesTried: z.boolean(),
      runs: z.array(openRun),
    }),
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
