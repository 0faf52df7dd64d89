import type { CheckResult } from './migration-checks.ts'
import type { MigrationCloseout } from './migration-closeout.ts'

/** Renders the closeout of a migration for people, as Markdown. */
export function renderMigrationCloseout(document: MigrationCloseout): string {
  const { target, checks, backups } = document
  return [
    `# Closeout of migration ${document.bundle}`,
    '',
    `Run ${document.runId}, ${document.mode}. ${capital(document.standsAs)}.`,
    '',
    `- target: ${target.name}, database ${target.database} on PostgreSQL ${target.version}, system ${target.systemIdentifier}, as ${target.role}`,
    `- migration.sql: SHA-256 ${document.migrationSha256}`,
    '',
    '## What was done',
    '',
    ...list(changeLines(document)),
    '',
    '## Checks',
    '',
    ...list(checks.preflight.map((check) => `preflight, ${line(check)}`)),
    ...list(checks.verification.map((check) => `verification, ${line(check)}`)),
    ...list(checks.failed.map((what) => `failed: ${what}`)),
    '',
    '## Backups',
    '',
    ...list(
      backups.map(
        ({ which, file, sha256, takenAt, holds, retention }) =>
          `${which}: ${file}, SHA-256 ${sha256}, taken ${takenAt}, restored and compared; holds ${holds}; ${retention}`,
      ),
    ),
    '',
    `The rehearsal database remains: ${document.rehearsalKept.database} on ${document.rehearsalKept.place}.`,
    '',
    '## Not authorised by this run',
    '',
    ...list(document.unauthorised),
    '',
    `Next step, not taken: ${document.nextStep}.`,
    '',
  ].join('\n')
}

function changeLines({ did, sideEffects }: MigrationCloseout): string[] {
  const schema = (['added', 'removed', 'changed'] as const).flatMap((how) =>
    did.schema[how].map((name) => `${how}: ${name}`),
  )
  const rows = Object.entries(did.rows).map(
    ([table, { inserted, updated, deleted }]) =>
      `${table}: ${inserted} rows inserted, ${updated} updated, ${deleted} deleted`,
  )
  const columns = Object.entries(did.columns).flatMap(([table, changed]) =>
    Object.entries(changed).map(([column, count]) => `${table}.${column}: another value in ${count} rows`),
  )
  const accepted = sideEffects.map(
    ({ what, table, columns: names }) => `accepted in advance: ${what} (${table}: ${names.join(', ')})`,
  )
  return [...schema, ...rows, ...columns, ...accepted]
}

const list = (items: string[]) => items.map((item) => `- ${item}`)
const line = ({ name, pass }: CheckResult) => `${name}: ${pass ? 'PASS' : 'FAIL'}`
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
