import type { Command } from 'commander'
import { printAnswer, printWarnings } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/**
 * `cutter store restore`: replaces the store by a backup, and keeps the replaced file. Afterwards the execution switch is off. Runs of the
 * backup that do not hold are warnings; the exit code stays 0.
 */
export function defineRestore(group: Command): void {
  defineCommand(
    group,
    'restore',
    'replace the store by a backup; the replaced store is kept',
    'cutter store restore cutter-2026-11-26.db',
  )
    .argument('<file>', 'a file that cutter store backup wrote')
    .option('--discard-newer', 'restore although the store holds entries that the backup lacks')
    .action(action(restore))
}

function restore(from: string, options: GlobalOptions & { discardNewer?: boolean }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { restoreStore } = await import('../../service/store/restore.ts')
    const restored = await restoreStore(home, { from, discardNewer: options.discardNewer === true })
    const { file, replaced, runs, entries, faults, behind } = restored
    printWarnings(io, faults)
    printAnswer(io, restored, () => [
      `store   ${file}: ${runs} runs, ${entries} entries`,
      ...(replaced === null ? [] : [`before  ${replaced}`]),
      ...behind.map(({ runId, why }) => `behind  ${runId}: ${why}`),
    ])
    return 0
  })
}
