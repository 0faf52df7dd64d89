import { z } from 'zod'

/** What is read of the plans of a migration. Plans of earlier versions have less: their texts come from the evidence. */

const expected = z.union([
  z.number(),
  z.object({ min: z.number().optional(), max: z.number().optional() }),
  z.string(),
])
/** What bundle.yaml expects of a table: numbers, ranges, or words. */
const expectedRows = z.object({ inserted: expected, updated: expected, deleted: expected })

const rowChanges = z.object({ inserted: z.number(), updated: z.number(), deleted: z.number() })

const statement = z.object({
  number: z.number(),
  line: z.number(),
  kind: z.string(),
  transactional: z.boolean(),
  /** Of a statement that is repeated. */
  batches: z.object({ rows: z.number(), atMost: z.number() }).optional(),
  locks: z.record(z.string(), z.string()).optional(),
  documentedLocks: z.array(z.object({ mode: z.string(), on: z.string() })).optional(),
  rewrites: z.array(z.string()).optional(),
  rows: z.record(z.string(), rowChanges).optional(),
})
export type PlannedStatement = z.infer<typeof statement>

const part = z.object({
  how: z.enum(['transaction', 'alone', 'batches']),
  statements: z.array(z.number()),
  rows: z.number().optional(),
  atMost: z.number().optional(),
  pauseSeconds: z.number().optional(),
})
export type PlannedPart = z.infer<typeof part>

const script = z.object({
  file: z.string(),
  sha256: z.string(),
  text: z.string().optional(),
  statements: z.array(statement),
  /** Of a rollback that is more than one transaction. */
  parts: z.array(part).optional(),
})
export type PlannedScript = z.infer<typeof script>

const schema = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
})
export type PlannedSchema = z.infer<typeof schema>

const lint = z.union([
  z.object({
    installed: z.literal(true),
    version: z.string(),
    findings: z.array(
      z.object({ rule: z.string(), level: z.string(), line: z.number(), message: z.string() }),
    ),
    more: z.number().optional(),
  }),
  z.object({ installed: z.literal(true), failed: z.string() }),
  z.object({ installed: z.literal(false) }),
])
export type PlannedLint = z.infer<typeof lint>

const target = z.object({
  systemIdentifier: z.string(),
  database: z.string(),
  serverVersion: z.number(),
  role: z.string(),
})
const bundle = z.object({ name: z.string(), files: z.record(z.string(), z.string()) })

export const migrationPlan = z.object({
  type: z.literal('cutter.plan.migrate/v1'),
  mode: z.string(),
  bundle,
  target,
  migration: script,
  checks: z.object({ preflight: z.object({ file: z.string() }), verify: z.object({ file: z.string() }) }),
  expect: z.object({
    schema,
    rows: z.record(z.string(), expectedRows.extend({ columns: z.array(z.string()).default([]) })),
    sequences: z.array(z.string()).default([]),
    distributions: z.array(z.object({ name: z.string(), sql: z.string(), rows: z.array(z.json()) })),
  }),
  /** Earlier versions kept it out of the plan. */
  rehearsed: z.object({ total: z.object({ rows: z.record(z.string(), rowChanges) }) }).optional(),
  /** Of a script that is more than one transaction with statements outside of it at its end. */
  parts: z.array(part).optional(),
  sideEffects: z.array(
    z.object({
      what: z.string(),
      table: z.string(),
      columns: z.array(z.string()),
      rows: expected.optional(),
    }),
  ),
  backup: z.object({ by: z.literal('snapshot'), otherThanTarget: z.array(z.string()) }).optional(),
  restore: z.object({ because: z.array(z.string()), commands: z.array(z.string()) }).optional(),
  deviations: z.array(z.string()).default([]),
  notRehearsedWith: z.array(z.string()).default([]),
  limits: z.object({
    lockTimeoutSeconds: z.number(),
    statementTimeoutSeconds: z.number(),
    lockRetrySeconds: z.number().optional(),
    backupMaxAgeMinutes: z.number(),
    lockedAtMostSeconds: z.number().optional(),
  }),
  lint,
  rollback: script.extend({ leaves: schema }),
})
export type ReadMigrationPlan = z.infer<typeof migrationPlan>

export const rollbackPlan = z.object({
  type: z.literal('cutter.plan.migrate-rollback/v1'),
  mode: z.string(),
  bundle,
  target,
  because: z.array(z.string()),
  rollback: script,
  rehearsed: z.object({ schema, leaves: schema }),
  limits: z.object({
    lockTimeoutSeconds: z.number(),
    statementTimeoutSeconds: z.number(),
    lockRetrySeconds: z.number().optional(),
  }),
})
export type ReadRollbackPlan = z.infer<typeof rollbackPlan>

/** What a rehearsal measured of a statement, in addition to the plan. */
export const measuredStatements = z.object({
  migration: z
    .array(
      z.object({ number: z.number(), milliseconds: z.number(), scanned: z.record(z.string(), z.number()) }),
    )
    .nullable()
    .optional(),
  alone: z.array(z.object({ number: z.number(), milliseconds: z.number() })).optional(),
  rollback: z
    .array(
      z.object({ number: z.number(), milliseconds: z.number(), scanned: z.record(z.string(), z.number()) }),
    )
    .nullable()
    .optional(),
})
