import type { Command } from 'commander'
import type { PlannedTarget } from '../../service/targets/init.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { TARGET } from './target-lines.ts'

/**
 * `cutter target init`: applies the migrations of `migrations/target` that a target lacks, as its owner, and logs in as each role. The same
 * command again changes nothing. With `--dry-run` it prints what it would do.
 */
export function defineInit(group: Command): void {
  defineCommand(
    group,
    'init',
    'create Cutter’s tables, functions and roles in a target',
    'cutter target init main',
  )
    .argument('[target]', TARGET, 'embedded')
    .option(
      '--history',
      'make the table in which migrations are recorded, and nothing else; it needs the URL of the migrator alone',
    )
    .option('--dry-run', 'print the SQL and the privileges that it needs, and change nothing')
    .action(action(init))
}

function init(
  target: string,
  options: GlobalOptions & { dryRun?: boolean; history?: boolean },
): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { initTarget, previewTarget } = await import('../../service/targets/init.ts')
    if (options.dryRun) {
      const planned = await previewTarget(home, { target, history: options.history })
      printAnswer(io, planned, () => linesOfPreview(planned))
      return planned.privileges.every(({ held }) => held) ? 0 : 1
    }
    const initialised = await initTarget(home, { target, history: options.history })
    const { applied, already } = initialised
    printAnswer(io, initialised, () => [
      applied.length === 0
        ? `target ${target} was ready already (${already.length} migrations)`
        : `target ${target} is ready: applied ${applied.join(', ')}`,
    ])
    return 0
  })
}

/** Comments and statements, so that the output is SQL that can be read, kept or given to another person. */
function linesOfPreview({ target, missing, privileges, statements }: PlannedTarget): string[] {
  if (statements.length === 0) return [`-- Cutter makes target ${target} itself, at its first use`]
  const migrations = missing.length === 0 ? 'no migration is missing' : `applies ${missing.join(', ')}`
  return [
    `-- target ${target}: ${migrations}; nothing was changed`,
    '-- needs:',
    ...privileges.map(({ privilege, held, grant }) =>
      held ? `--   ${privilege}: yes` : `--   ${privilege}: NO; give it with: ${grant}`,
    ),
    'begin;',
    ...statements.flatMap((sql) => `${sql.replace(/;?\s*$/, '')};`.split('\n')),
    'commit;',
  ]
}
