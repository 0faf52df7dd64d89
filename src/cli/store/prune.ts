import type { Command } from 'commander'
import { printAnswer, printWarnings } from '../answers.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

interface Options extends GlobalOptions {
  olderThan: string
  into?: string
  by?: string
}

/**
 * `cutter store prune`: removes closed runs from the store, each after its evidence bundle was written and verified. Without `--into` it
 * only lists them and changes nothing.
 */
export function definePrune(group: Command): void {
  defineCommand(
    group,
    'prune',
    'move closed runs from the store into evidence bundles; without --into: only list them',
    'cutter store prune --older-than 365d --into archive',
  )
    .requiredOption('--older-than <time>', 'only runs that closed longer ago than this duration, such as 90d')
    .option('--into <folder>', 'the folder for their evidence bundles')
    .option(...BY)
    .action(action(prune))
}

function prune(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { pruneStore } = await import('../../service/store/prune.ts')
    const { olderThan, into, by } = options
    const { pruned, warnings } = await pruneStore(home, { olderThan, into, by })
    printWarnings(io, warnings)
    printAnswer(io, pruned, () => [
      ...formatTable(
        ['RUN', 'CLOSED', 'BUNDLE'],
        pruned.map(({ runId, closedAt, bundle }) => [runId, closedAt, bundle ?? '']),
        io.width,
      ),
      ...fitLines(
        [
          into === undefined
            ? `${pruned.length} would be pruned; nothing was changed: name a folder with --into`
            : `${pruned.length} pruned; their start keys stay used`,
        ],
        { width: io.width, hang: 2 },
      ),
    ])
    return 0
  })
}
