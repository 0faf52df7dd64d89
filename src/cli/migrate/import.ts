import type { Command } from 'commander'
import type { ImportedMigrations } from '../../service/migrations/import.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter migrate import`: makes a migration bundle of each migration in the folder of another tool. */
export function defineImport(group: Command): void {
  defineCommand(
    group,
    'import',
    'make migration bundles of the migrations of golang-migrate, Flyway, dbmate, sqitch, or up and down folders',
    'cutter migrate import db/migrations --into migrations',
  )
    .argument('<folder>', 'the folder in which the other tool keeps its migrations')
    .requiredOption('--into <folder>', 'the folder that gets a folder for each migration')
    .option('--format <format>', 'the other tool, where its files are not to be recognised by their names')
    .action(action(importSeries))
}

type Options = GlobalOptions & { into: string; format?: string }

function importSeries(folder: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { importMigrations } = await import('../../service/migrations/import.ts')
    const { into, format } = options
    const imported = await importMigrations(home, { folder, into, format })
    printAnswer(io, imported, () => linesOf(imported))
    return imported.migrations.some(({ faults }) => faults.length > 0) ? 2 : 0
  })
}

function linesOf({ format, into, migrations, left }: ImportedMigrations): string[] {
  const made = migrations.filter((one) => one.made).length
  return [
    ...migrations.flatMap(({ name, from, faults }) => faults.map((fault) => `${name} (${from}): ${fault}`)),
    ...migrations.flatMap(({ name, from, before }) =>
      before === null
        ? []
        : [`${name} (${from}): ${format} orders it before ${before}, which was imported earlier`],
    ),
    ...left.map(({ file, why }) => `left out ${file}: ${why}`),
    `${format}: ${made} of ${migrations.length} migrations imported into ${into}, the others were there`,
    `next: cutter migrate propose ${into}/${migrations[0]?.name ?? '<name>'} --target <name>`,
  ]
}
