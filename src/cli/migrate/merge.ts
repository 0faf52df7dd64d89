import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter migrate merge`: makes one bundle of several, which is approved as one plan. */
export function defineMerge(group: Command): void {
  defineCommand(
    group,
    'merge',
    'make one migration bundle of several, which is approved as one plan and committed in one transaction',
    'cutter migrate merge migrations/001-users migrations/002-orders --into migrations/release-7',
  )
    .argument('<folder...>', 'the folders of the migration bundles, in their order')
    .requiredOption('--into <folder>', 'a folder that is new or empty')
    .action(action(merge))
}

function merge(folders: string[], options: GlobalOptions & { into: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { mergeMigrations } = await import('../../service/migrations/merge.ts')
    const merged = await mergeMigrations(home, { folders, into: options.into })
    printAnswer(io, merged, () => [
      `merged into ${merged.bundle}: ${merged.series.join(', ')}`,
      `next: cutter migrate propose ${options.into} --target <name>`,
    ])
    return 0
  })
}
