import { sha256 } from '../domain/json.ts'
import type { MigrationBundleFiles } from './migration-bundle-spec.ts'

/** Makes the files of a new migration bundle, with comments on what to fill in. They have no faults, so that every later fault is new. */
export function scaffoldMigrationBundle(name: string): MigrationBundleFiles {
  return { 'bundle.yaml': bundleYaml(name), ...SQL }
}

const SQL: MigrationBundleFiles = {
  'migration.sql': `-- The frozen script: sent to the server byte for byte, in one transaction that Cutter begins and commits.
-- After each change of this file write its new hash into bundle.yaml: sha256sum migration.sql
alter table public.example add column note text;
`,
  'preflight.sql': `-- What must hold before: each SELECT gives rows of (name, ok) or of (name, value, expected).
-- Write names with their schema. A check that only reads is asked on the target before the approval.
select 'the table is there' as name, to_regclass('public.example') is not null as ok;
`,
  'verify.sql': `-- What must hold after, asked inside the transaction and again after the commit.
select 'the column is empty' as name, count(note) as value, 0 as expected from public.example;
`,
  'rollback.sql': `-- How to go back after the commit; it runs only under a second approval (SG2).
alter table public.example drop column note;
`,
}

const bundleYaml = (name: string) => `name: ${name}
migration: { file: migration.sql, sha256: ${sha256(SQL['migration.sql']!)} }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql

# The server that this is for. The approver sees the facts that are left out.
# server: { major: 15, database: shop, systemIdentifier: "7300000000000000000" }

# Everything that the migration does. Anything more or less stops the run.
expect:
  # Names as in: table public.review, column public.unit.state, index public.review_at, constraint public.unit.unit_check,
  # trigger public.unit.touched, view public.articles, function public.touch(), grant select on table public.review to reader.
  # Columns, constraints and sequences of a new or dropped table are part of it and are not listed.
  schema:
    added: [column public.example.note]
    removed: []
    changed: []
  # Rows by table: inserted, updated, deleted. columns: existing columns that get other values.
  rows: {}
  #  public.example: { updated: 86, columns: [title] }
  # Sequences that get another value by something else than rows inserted into their own table.
  sequences: []
  distributions: []
  #  - name: rows by state
  #    sql: select state, count(*) as n from public.example group by state
  #    rows: [{ state: draft, n: 86 }]

# Values that change as a side effect, such as those that a trigger sets.
sideEffects: []
#  - { what: the trigger sets updated_at, table: public.example, columns: [updated_at], rows: 86 }

# Functions of the database that checks may run on the target before the approval, as its reader.
# checkFunctions: [public.is_even(integer)]
# Objects that a restored copy may lack or have otherwise. The plan shows those that differ.
# deviations: [extension postgres_fdw, server elsewhere, foreign table public.far]

lockTimeoutSeconds: 5
statementTimeoutSeconds: 300
# For how long a lock that was not granted is tried again, with growing pauses. Without it the run stops at the first.
# lockRetrySeconds: 120
# Numbers of the statements that can't run in a transaction, such as create index concurrently. Those between them run in one.
nonTransactional: []
# rollbackNonTransactional: [1]
# Statements that are repeated until they change no row, such as a back-fill, each time in a transaction of its own.
# batches: [{ statement: 2, rows: 1000, atMost: 500, pauseSeconds: 0.1 }]
# rollbackBatches: [{ statement: 1, rows: 1000, atMost: 500 }]
# A backup older than this is taken and restored again before the migration. The maximum is 60.
backupMaxAgeMinutes: 60
`
