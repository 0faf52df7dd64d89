import type { Command } from 'commander'
import type { LintedMigration } from '../../service/migrations/lint.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/**
 * `cutter migrate lint`: checks a migration bundle before a run does, without a database. Exit code 2 when it has faults. Findings of
 * squawk decide nothing.
 */
export function defineLint(group: Command): void {
  defineCommand(
    group,
    'lint',
    'check a migration bundle: shape, hash, statements by PostgreSQL’s own parser, squawk if installed',
    'cutter migrate lint migrations/units-review',
  )
    .argument('<folder>', 'the folder of the migration bundle')
    .action(action(lint))
}

function lint(folder: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { lintMigration } = await import('../../service/migrations/lint.ts')
    const linted = await lintMigration(home, { folder })
    printAnswer(io, linted, () => linesOfLint(linted))
    return linted.ok ? 0 : 2
  })
}

function linesOfLint({ bundle, faults, statements, squawk }: LintedMigration): string[] {
  const count = `${statements.length} ${statements.length === 1 ? 'statement' : 'statements'}`
  return [
    ...faults.map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}  ${message}`),
    ...(faults.length === 0 ? [`${bundle} has no faults: ${count}`] : []),
    ...(squawk === null ? [] : linesOfSquawk(squawk)),
  ]
}

function linesOfSquawk(report: NonNullable<LintedMigration['squawk']>): string[] {
  if (!report.installed)
    return [
      'squawk was not run: npm has not installed squawk-cli, an optional package, and neither a trusted folder nor tools.squawk of cutter.yaml has it',
    ]
  if ('failed' in report) return [`squawk could not be run: ${report.failed}`]
  return [
    `${report.version}: ${report.findings.length + (report.more ?? 0)} findings`,
    ...report.findings.map(
      ({ line, rule, level, message }) => `  line ${line}  ${level}  ${rule}: ${message}`,
    ),
    ...(report.more === undefined ? [] : [`  and ${report.more} more`]),
  ]
}
