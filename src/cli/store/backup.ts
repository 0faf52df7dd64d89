import type { Command } from 'commander'
import { printAnswer, printWarnings } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { asideOf, readOutput } from '../output.ts'
import { inHome } from '../session.ts'

/**
 * `cutter store backup`: writes a copy of the store while other processes may use it, and opens and checks every run in the copy. Exit code
 * 1 when a run does not hold; the copy stays.
 */
export function defineBackup(group: Command): void {
  defineCommand(
    group,
    'backup',
    'write a copy of the store, and check every run in it',
    'cutter store backup --out cutter-2026-11-26.db',
  )
    .requiredOption('--out <file>', 'the file to write; it must not exist yet (-: stdout)')
    .action(action(backup))
}

function backup(options: GlobalOptions & { out: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { backUpStore } = await import('../../service/store/backup.ts')
    const made = await backUpStore(home, { out: readOutput(io, options.out) })
    printWarnings(io, made.faults)
    printAnswer(asideOf(io, options.out), made, () => [
      `backup  ${made.file}, ${made.bytes} bytes`,
      `        sha256:${made.sha256}`,
      `holds   ${made.runs} runs, ${made.entries} entries, each opened and checked`,
    ])
    return made.faults.length === 0 ? 0 : 1
  })
}
