import { z } from 'zod'
import { sha256 } from '../domain/json.ts'
import { readYaml } from '../domain/yaml.ts'
import { expectedCount, mayCount } from './expected-count.ts'

/**
 * A migration bundle: a frozen SQL file with everything that must be known before it runs on a server. `bundle.yaml` names the
 * files and states what the migration does. Anything more or less than that stops a run.
 */

const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of a file in the folder of the migration bundle')
const relation = z.string().regex(/^[^.]+\..+$/, 'must be schema.table, such as public.unit')
const calledFunction = z
  .string()
  .regex(
    /^[^().]+\.[^()]+\([^()]*\)$/,
    'must be schema.function(types of its arguments), such as public.is_even(integer)',
  )
const objects = z.array(z.string().min(1)).default([])

const batches = z.array(
  z.strictObject({
    statement: z.int().min(1),
    rows: z.int().min(1).max(1_000_000),
    atMost: z.int().min(1).max(1_000_000),
    pauseSeconds: z.number().min(0).max(60).default(0),
  }),
)

/** How old the backup may be unless a bundle says more, in minutes, and how old at most. The approver sees the limit in the plan. */
const BACKUP_AGE_MINUTES = 60
const MAX_BACKUP_AGE_MINUTES = 10_080

/** The schema of bundle.yaml. */
export const migrationBundleSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  migration: z.strictObject({
    file: fileName,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits, as sha256sum prints them'),
  }),
  /** The migrations of which the script consists, in their order: see `mergeBundles`. */
  series: z
    .array(z.strictObject({ name: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .min(1)
    .optional(),
  preflight: fileName,
  verify: fileName,
  rollback: fileName,
  /** What the server must be. The approver sees the facts that are left out. */
  server: z
    .strictObject({
      major: z.int().min(13).optional(),
      database: z.string().min(1).optional(),
      systemIdentifier: z
        .string()
        .regex(/^\d{1,20}$/, 'must be a number in quotes')
        .optional(),
    })
    .default({}),
  expect: z.strictObject({
    schema: z.strictObject({ added: objects, removed: objects, changed: objects }),
    rows: z
      .record(
        relation,
        z.strictObject({
          inserted: expectedCount.default(0),
          updated: expectedCount.default(0),
          deleted: expectedCount.default(0),
          /** Existing columns that get other values. New columns are not listed. */
          columns: z.array(z.string().min(1)).default([]),
        }),
      )
      .default({}),
    /** Sequences that get another value by something else than rows inserted into the table that owns them. */
    sequences: z.array(relation).default([]),
    distributions: z
      .array(z.strictObject({ name: z.string().min(1), sql: z.string().min(1), rows: z.array(z.json()) }))
      .default([]),
  }),
  /** Values that change as a side effect. They must be named in advance, or the run stops. */
  sideEffects: z
    .array(
      z.strictObject({
        what: z.string().min(1),
        table: relation,
        columns: z.array(z.string().min(1)).min(1),
        rows: expectedCount.optional(),
      }),
    )
    .default([]),
  /** Functions of the application that checks may run on the target before the approval, as the reader. */
  checkFunctions: z.array(calledFunction).optional(),
  /** Objects that a rehearsal database may lack or have otherwise. The plan shows them, so the approver accepts them as well. */
  deviations: z.array(z.string().min(1)).optional(),
  lockTimeoutSeconds: z.number().positive().max(3_600),
  statementTimeoutSeconds: z.number().positive().max(86_400),
  /** For how long a lock that was not granted is tried again, with growing pauses. */
  lockRetrySeconds: z.number().positive().max(3_600).optional(),
  /** Numbers of the statements that can't run in a transaction. Those between two of them run in one. */
  nonTransactional: z.array(z.int().min(1)).default([]),
  /** The same of rollback.sql. */
  rollbackNonTransactional: z.array(z.int().min(1)).optional(),
  /** Statements that are repeated until they change no row, such as a back-fill. Each batch is a transaction. */
  batches: batches.optional(),
  /** The same of rollback.sql. */
  rollbackBatches: batches.optional(),
  backupMaxAgeMinutes: z.number().positive().max(MAX_BACKUP_AGE_MINUTES).default(BACKUP_AGE_MINUTES),
})

/** A parsed bundle.yaml. */
export type MigrationBundleSpec = z.infer<typeof migrationBundleSchema>

/** The texts of a migration bundle, by file name: bundle.yaml and the files that it names. */
export interface MigrationBundleFiles {
  [name: string]: string
}

/** What is wrong with a migration bundle, and where. `line` counts from 1. */
export interface MigrationBundleFault {
  file: string
  line?: number
  message: string
}

/** The file of a migration bundle that names the others. */
export const BUNDLE_FILE = 'bundle.yaml'

/** The files of a migration bundle in addition to bundle.yaml. */
export function namedFiles({ migration, preflight, verify, rollback }: MigrationBundleSpec): string[] {
  return [migration.file, preflight, verify, rollback]
}

/** Parses bundle.yaml. Each fault names the key that it is about. */
export function parseMigrationBundleSpec(
  text: string,
): { spec: MigrationBundleSpec } | { faults: MigrationBundleFault[] } {
  const read = readYaml(text)
  if ('fault' in read) return { faults: [{ file: BUNDLE_FILE, message: read.fault }] }
  const parsed = migrationBundleSchema.safeParse(read.value)
  if (parsed.success) {
    const faults = findContradictions(parsed.data)
    return faults.length === 0 ? { spec: parsed.data } : { faults }
  }
  return {
    faults: parsed.error.issues.map((issue) => {
      const message =
        issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
      return { file: BUNDLE_FILE, message: `${issue.path.map(String).join('.') || 'the file'}: ${message}` }
    }),
  }
}

function findContradictions(spec: MigrationBundleSpec): MigrationBundleFault[] {
  const faults: string[] = []
  const files = namedFiles(spec)
  if (new Set([...files, BUNDLE_FILE]).size <= files.length)
    faults.push('migration, preflight, verify and rollback must be four different files')
  const { added, removed, changed } = spec.expect.schema
  const all = [...added, ...removed, ...changed]
  for (const name of new Set(all.filter((one, at) => all.indexOf(one) !== at)))
    faults.push(`expect.schema: ${name} is named twice`)
  for (const { table: name, what } of spec.sideEffects) {
    if (!mayCount(spec.expect.rows[name]?.updated ?? 0))
      faults.push(`sideEffects: ${what}: expect.rows has no updated rows of ${name}`)
  }
  for (const [name, { updated, columns }] of Object.entries(spec.expect.rows)) {
    if (!mayCount(updated) && columns.length > 0)
      faults.push(`expect.rows.${name}: names columns but no updated rows`)
  }
  const names = spec.expect.distributions.map(({ name }) => name)
  for (const name of new Set(names.filter((one, at) => names.indexOf(one) !== at)))
    faults.push(`expect.distributions: ${name} is named twice`)
  return faults.map((message) => ({ file: BUNDLE_FILE, message }))
}

/** Returns the fault of a script that is not byte for byte the frozen one, or null. */
export function findHashFault(
  spec: MigrationBundleSpec,
  files: MigrationBundleFiles,
): MigrationBundleFault | null {
  const found = sha256(files[spec.migration.file]!)
  if (found === spec.migration.sha256) return null
  const message = `its SHA-256 is ${found}, ${BUNDLE_FILE} says ${spec.migration.sha256}: the file is not the one that was frozen`
  return { file: spec.migration.file, message }
}
