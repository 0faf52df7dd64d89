import type { Command } from 'commander'
import { describeClockFaults, listClockFaults } from '../../domain/clock-faults.ts'
import { CutterError } from '../../domain/errors.ts'
import { type HistoryEntry, historyFields } from '../../domain/history-entry.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { asksForJson, type ListOutput, outputOption, printList } from '../list-output.ts'
import { inHome, type Session } from '../session.ts'
import { historyLines } from './history-lines.ts'

/**
 * `cutter run history`: prints all history entries of a run. With `--verify` the chain, each snapshot and the evidence are checked first,
 * and a record that does not hold is refused with exit code 3.
 */
export function defineHistory(group: Command): void {
  defineCommand(group, 'history', 'print every step of a run', 'cutter run history 0f3a9c1d --verify')
    .argument('<run>', RUN)
    .option('--follow', 'print each further entry as it is saved, until the run closes or Ctrl-C')
    .option('--verify', 'check the hash chain, replay the run, and check its evidence')
    .addOption(outputOption())
    .action(action(history))
}

interface Options extends GlobalOptions, ListOutput {
  verify?: boolean
  follow?: boolean
}

function history(run: string, options: Options): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io, interrupt }) => {
    if (options.follow === true && options.output === 'csv') throw followedTableError()
    const { readRunReasons, readRunHistory } = await import('../../service/runs/history.ts')
    const verify = options.verify === true
    const { runId, entries } = await readRunHistory(home, { run, verify })
    const reasons = await readRunReasons(home, runId)
    if (verify)
      io.err(
        `cutter: the history of ${runId} holds: ${entries.length} entries, each hash and snapshot as recorded`,
      )
    if (verify)
      for (const sentence of describeClockFaults(listClockFaults(entries))) io.err(`cutter: ${sentence}`)
    if (options.follow !== true)
      printList(io, options, {
        value: entries,
        items: entries,
        columns: historyFields,
        lines: () => historyLines({ width: io.width, now: new Date(), reasons }).all(entries),
      })
    else await printFollowed(io, home, { runId, entries }, interrupt)
    return 0
  })
}

const followedTableError = () =>
  new CutterError('USAGE', '--follow and --output csv contradict each other; nothing was read', {
    next: '--output jsonl prints each entry as it is saved',
  })

/** With `--json` each entry is one line, because the answer has no end yet. */
async function printFollowed(
  io: Io,
  home: Session['home'],
  { runId, entries }: { runId: string; entries: HistoryEntry[] },
  interrupt: AbortSignal,
): Promise<void> {
  const [{ followRun }, { readRunReasons }] = await Promise.all([
    import('../../service/runs/follow.ts'),
    import('../../service/runs/history.ts'),
  ])
  // A decision may be signed while its run is followed.
  const form = async () =>
    historyLines({
      width: io.width,
      now: new Date(),
      isFollowed: true,
      reasons: await readRunReasons(home, runId),
    })
  let last: HistoryEntry | undefined = entries.at(-1)
  const print = async (entry: HistoryEntry) => {
    if (io.json) io.outJsonLine(entry)
    else for (const line of (await form()).one(entry, last)) io.out(line)
    last = entry
  }
  if (io.json) for (const entry of entries) io.outJsonLine(entry)
  else for (const line of (await form()).all(entries)) io.out(line)
  const followed = await followRun(home, { run: runId, after: entries.at(-1)?.seq ?? 0 }, interrupt)
  for await (const one of followed.entries) if (one !== null) await print(one.entry)
}
