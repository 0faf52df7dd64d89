import type { Command } from 'commander'
import type { MigrationStatus } from '../../service/migrations/status.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { inHome } from '../session.ts'

/** `cutter migrate status`: says which migrations of a folder a target has, and which are pending. */
export function defineStatus(group: Command): void {
  defineCommand(
    group,
    'status',
    'say which migrations a target has and which are pending, by its history or by closed runs',
    'cutter migrate status migrations --target shop',
  )
    .argument('[folder]', 'the folder that holds a folder for each migration bundle')
    .option('--target <name>', 'the database, by its name in cutter.yaml', 'embedded')
    .action(action(status))
}

function status(folder: string | undefined, options: GlobalOptions & { target: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readMigrationStatus } = await import('../../service/migrations/status.ts')
    const found = await readMigrationStatus(home, { folder, target: options.target })
    printAnswer(io, found, () => fitLines(linesOf(found), { width: io.width, hang: LABEL }))
    return 0
  })
}

/** Where the name of a migration begins. */
const LABEL = 15

const SOURCES = {
  history: 'by the history of the target and the closed runs of this home',
  runs: 'by the closed runs of this home',
}

function linesOf({ target, source, migrations }: MigrationStatus): string[] {
  const pending = migrations.filter(({ state }) => state === 'pending' || state === 'rolled-back').length
  const unfinished = migrations.filter(({ state }) => state === 'unfinished').length
  const open = unfinished === 0 ? '' : `, ${unfinished} unfinished`
  const applied = migrations.length - pending - unfinished
  return [
    `target ${target}: ${applied} applied, ${pending} pending${open}, ${SOURCES[source]}`,
    ...migrations.map(({ name, state, runId, appliedAt, bundle }) => {
      const when = runId === null ? '' : `  ${appliedAt}  ${runId}`
      return `  ${state.padEnd(11)}  ${name}${when}${bundle === null ? '  (not in the folder)' : ''}`
    }),
  ]
}
