import { z } from 'zod'
import { type Answers, count, hex, text, time } from './parts.ts'

/** A number of rows as bundle.yaml expects it. */
const expected = z.union([count, z.strictObject({ min: count.optional(), max: count.optional() }), text])

/** Answers of `cutter migrate`. */
export const MIGRATION_ANSWERS: Answers = {
  'migration-bundle': {
    commands: ['migrate new'],
    title: 'A migration bundle that was made',
    schema: z.strictObject({ bundle: text, files: z.array(text) }),
  },
  'migration-import': {
    commands: ['migrate import'],
    title: 'Migrations of another tool that were made into bundles',
    schema: z.strictObject({
      format: text,
      into: text,
      migrations: z.array(
        z.strictObject({
          name: text,
          version: text,
          from: text,
          made: z.boolean(),
          before: text.nullable(),
          faults: z.array(text),
        }),
      ),
      left: z.array(z.strictObject({ file: text, why: text })),
    }),
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
      squawk: z.looseObject({ tool: z.literal('squawk'), installed: z.boolean() }).nullable(),
    }),
  },
  'migration-merge': {
    commands: ['migrate merge'],
    title: 'Migration bundles that were merged into one',
    schema: z.strictObject({ bundle: text, series: z.array(text) }),
  },
  'migration-proposal': {
    commands: ['migrate propose'],
    title: 'Expectations that were written into a migration bundle',
    schema: z.strictObject({
      target: text,
      copy: z.strictObject({ takenAt: time, backup: text, reused: z.boolean() }),
      restore: z.strictObject({ because: z.array(text), commands: z.array(text) }).optional(),
      bundles: z.array(
        z.strictObject({
          bundle: text,
          made: z.array(text),
          deviations: z.array(text),
          expect: z.strictObject({
            schema: z.strictObject({ added: z.array(text), removed: z.array(text), changed: z.array(text) }),
            rows: z.record(
              text,
              z.strictObject({
                inserted: expected,
                updated: expected,
                deleted: expected,
                columns: z.array(text),
              }),
            ),
            sequences: z.array(text),
            distributions: z.array(z.strictObject({ name: text, sql: text, rows: z.array(z.unknown()) })),
          }),
          sideEffects: z.array(
            z.strictObject({ what: text, table: text, columns: z.array(text), rows: expected.optional() }),
          ),
        }),
      ),
    }),
  },
  'migration-status': {
    commands: ['migrate status'],
    title: 'Migrations that a target has, and pending ones',
    schema: z.strictObject({
      target: text,
      source: z.enum(['history', 'runs']),
      migrations: z.array(
        z.strictObject({
          name: text,
          bundle: text.nullable(),
          state: z.enum(['applied', 'pending', 'rolled-back', 'changed', 'unfinished']),
          runId: text.nullable(),
          appliedAt: time.nullable(),
        }),
      ),
    }),
  },
}
