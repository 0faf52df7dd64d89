import type { Command } from 'commander'
import { describeClockFaults, listClockFaults } from '../../domain/clock-faults.ts'
import { listApprovers } from '../../domain/decisions.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { describeApprovers } from '../run-lines.ts'
import { inHome, type Session } from '../session.ts'
import { formatTable } from '../table.ts'

/**
 * `cutter run history`: prints all history entries of a run. With `--verify` the chain, each snapshot and the evidence are checked first,
 * and a record that does not hold is refused with exit code 3.
 */
export function defineHistory(group: Command): void {
  defineCommand(group, 'history', 'print every step of a run', 'cutter run history 0f3a9c1d --verify')
    .argument('<run>', RUN)
    .option('--follow', 'print each further entry as it is saved, until the run closes or Ctrl-C')
    .option('--verify', 'check the hash chain, replay the run, and check its evidence')
    .action(action(history))
}

interface Options extends GlobalOptions {
  verify?: boolean
  follow?: boolean
}

function history(run: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io, interrupt }) => {
    const { readRunHistory } = await import('../../service/runs/history.ts')
    const verify = options.verify === true
    const { runId, entries } = await readRunHistory(home, { run, verify })
    if (verify)
      io.err(
        `cutter: the history of ${runId} holds: ${entries.length} entries, each hash and snapshot as recorded`,
      )
    if (verify)
      for (const sentence of describeClockFaults(listClockFaults(entries))) io.err(`cutter: ${sentence}`)
    if (options.follow !== true) printAnswer(io, entries, () => linesOfHistory(entries))
    else await printFollowed(io, home, { runId, entries }, interrupt)
    return 0
  })
}

/** With `--json` each entry is one line, because the answer has no end yet. */
async function printFollowed(
  io: Io,
  home: Session['home'],
  { runId, entries }: { runId: string; entries: HistoryEntry[] },
  interrupt: AbortSignal,
): Promise<void> {
  const { followRun } = await import('../../service/runs/follow.ts')
  const print = (entry: HistoryEntry) => (io.json ? io.outJsonLine(entry) : io.out(lineOfEntry(entry)))
  if (io.json) entries.forEach(print)
  else for (const line of linesOfHistory(entries)) io.out(line)
  const followed = await followRun(home, { run: runId, after: entries.at(-1)?.seq ?? 0 }, interrupt)
  for await (const one of followed.entries) if (one !== null) print(one.entry)
}

const lineOfEntry = (entry: HistoryEntry) => cellsOf(entry).join('  ').trimEnd()

function cellsOf(entry: HistoryEntry): string[] {
  const { seq, at, event, by, state, status } = entry
  return [String(seq), at, event.type, by, state, status, describeApprovers(listApprovers(entry))]
}

function linesOfHistory(entries: HistoryEntry[]): string[] {
  return formatTable(
    ['SEQ', 'AT', 'EVENT', 'BY', 'STATE', 'STATUS', 'DECIDED BY'],
    entries.map((entry) => cellsOf(entry)),
  )
}
