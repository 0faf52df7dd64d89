import { fenced, type MarkdownLine, md, nameSpan, page, points } from '../../domain/markdown.ts'
import type { CheckResult } from './migration-checks.ts'
import type { MigrationCloseout } from './migration-closeout.ts'

/** Renders the closeout of a migration for people, as Markdown. */
export function renderMigrationCloseout(document: MigrationCloseout): string {
  const { target, checks, backups } = document
  const { name, database, version, systemIdentifier, role } = target
  return page(
    md`# Closeout of migration ${document.bundle}`,
    '',
    md`Run ${document.runId}, ${document.mode}. ${capital(document.standsAs)}.`,
    '',
    points([
      md`target: ${name}, database ${nameSpan(database)} on PostgreSQL ${nameSpan(version)}, system ${nameSpan(systemIdentifier)}, as ${nameSpan(role)}`,
      md`migration.sql: SHA-256 ${nameSpan(document.migrationSha256)}`,
    ]),
    '',
    md`## What was done`,
    '',
    points([
      ...changeLines(document),
      `rollback executed: ${document.rollbackExecuted ? 'yes' : 'no'}`,
      `scope: ${document.scope}`,
    ]),
    '',
    ...document.distributions.flatMap(({ name, rows }): MarkdownLine[] => [
      md`## Values after it: ${name}`,
      '',
      ...points(rows.map((row) => md`${JSON.stringify(row)}`)),
      '',
    ]),
    md`## Checks`,
    '',
    points([
      ...checks.preflight.map((check) => md`preflight, ${line(check)}`),
      ...checks.verification.map((check) => md`verification, ${line(check)}`),
      ...checks.failed.map((what) => md`failed: ${what}`),
    ]),
    '',
    md`## Backups`,
    '',
    points(backups.map(backupLine)),
    '',
    ...restoreLines(document.restore, 'all of them', 'a backup'),
    ...backups.flatMap((backup) =>
      'snapshot' in backup
        ? []
        : restoreLines(backup.restore, `the ${backup.which} backup`, `the ${backup.which} backup`),
    ),
    md`The rehearsal database remains: ${nameSpan(document.rehearsalKept.database)} on ${document.rehearsalKept.place}.`,
    '',
    md`## Not authorised by this run`,
    '',
    points(document.unauthorised),
    '',
    md`Next step, not taken: ${document.nextStep}.`,
  )
}

function restoreLines(restore: MigrationCloseout['restore'], what: string, which: string): MarkdownLine[] {
  if (restore === undefined) return []
  return [
    md`pg_restore alone can’t restore ${what}. These commands can, into an empty database, with the path of ${which} as \`$BACKUP\`:`,
    '',
    ...points(restore.because),
    '',
    ...fenced(restore.commands, 'sh'),
    '',
  ]
}

function backupLine(backup: MigrationCloseout['backups'][number]) {
  const { which, holds, retention } = backup
  if ('snapshot' in backup) {
    const { systemIdentifier, database, startedAt, takenAfter } = backup.snapshot
    return md`${which}: a snapshot of the provider, taken after ${takenAfter}, compared by an instance restored from it: database ${nameSpan(database)} of system ${nameSpan(systemIdentifier)}, started ${startedAt}; holds ${holds}; ${retention}`
  }
  const { file, sha256, takenAt } = backup
  return md`${which}: ${nameSpan(file)}, SHA-256 ${nameSpan(sha256)}, taken ${takenAt}, restored and compared; holds ${holds}; ${retention}`
}

function changeLines({ did, values, sideEffects }: MigrationCloseout): string[] {
  const schema = (['added', 'removed', 'changed'] as const).flatMap((how) =>
    did.schema[how].map((item) => `${how}: ${item}`),
  )
  const rows = Object.entries(did.rows).map(
    ([table, { inserted, updated, deleted }]) =>
      `${table}: ${inserted} rows inserted, ${updated} updated, ${deleted} deleted`,
  )
  const columns = Object.entries(did.columns).flatMap(([table, changed]) =>
    Object.entries(changed).map(([column, count]) => {
      const distinct = values[table]?.[column]
      const counted = distinct === undefined ? '' : `; distinct values ${distinct.before} → ${distinct.after}`
      return `${table}.${column}: another value in ${count} rows${counted}`
    }),
  )
  const accepted = sideEffects.map(
    ({ what, table, columns: names }) => `accepted in advance: ${what} (${table}: ${names.join(', ')})`,
  )
  return [...schema, ...rows, ...columns, ...accepted]
}

const line = ({ name, pass, seen }: CheckResult) =>
  `${name}: ${pass ? 'PASS' : 'FAIL'}${seen === 'copy' ? ', seen on the copy only' : ''}`
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
