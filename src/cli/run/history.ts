import type { Command } from 'commander'
import { listApprovers } from '../../domain/decisions.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { describeApprovers } from '../run-lines.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

/**
 * `cutter run history`: prints all history entries of a run. With `--verify` the chain, each snapshot and the evidence are checked first,
 * and a record that does not hold is refused with exit code 3.
 */
export function defineHistory(group: Command): void {
  defineCommand(group, 'history', 'print every step of a run', 'cutter run history 0f3a9c1d --verify')
    .argument('<run>', RUN)
    .option('--verify', 'check the hash chain, replay the run, and check its evidence')
    .action(action(history))
}

function history(run: string, options: GlobalOptions & { verify?: boolean }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readRunHistory } = await import('../../service/runs/history.ts')
    const verify = options.verify === true
    const { runId, entries } = await readRunHistory(home, { run, verify })
    if (verify)
      io.err(
        `cutter: the history of ${runId} holds: ${entries.length} entries, each hash and snapshot as recorded`,
      )
    printAnswer(io, entries, () => linesOfHistory(entries))
    return 0
  })
}

function linesOfHistory(entries: HistoryEntry[]): string[] {
  const rows = entries.map((entry) => {
    const { seq, at, event, by, state, status } = entry
    return [String(seq), at, event.type, by, state, status, describeApprovers(listApprovers(entry))]
  })
  return formatTable(['SEQ', 'AT', 'EVENT', 'BY', 'STATE', 'STATUS', 'DECIDED BY'], rows)
}
