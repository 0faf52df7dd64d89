import { type Command, Option } from 'commander'
import type { Status } from '../../domain/history-entry.ts'
import { textInLine } from '../../domain/visible.ts'
import type { ListedRuns, ListRunsInput } from '../../service/runs/list.ts'
import { printAnswer, printWarnings } from '../answers.ts'
import { integer, timeOf } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { lineOfHold } from '../run-lines.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

interface Options extends GlobalOptions, ListRunsInput {}

const STATUSES: Status[] = ['working', 'paused', 'stopped', 'closed']

/** `cutter run list`: lists runs, newest first, at most 50 unless `--limit` asks for more. The last line names a hold that is on. */
export function defineList(group: Command): void {
  defineCommand(group, 'list', 'list runs, newest first', 'cutter run list --status paused')
    .addOption(new Option('--status <status>', 'filter by status').choices(STATUSES))
    .option('--machine <machine>', 'filter by machine')
    .addOption(new Option('--mode <mode>', 'filter by mode').choices(['dry-run', 'live']))
    .option('--document <id>', 'filter by the document in the input')
    .option('--target <target>', 'filter by the target in the input')
    .option('--host <host>', 'filter by the host in the input')
    .option('--gate <gate>', 'filter by the gate at which a run waits')
    .option('--approver <principal>', 'filter by who signed or rehearsed an approval')
    .option('--operator <label>', 'filter by who started or moved a run')
    .option('--since <time>', 'started at or after this time', timeOf)
    .option('--until <time>', 'started before this time', timeOf)
    .option('--text <text>', 'filter by a part of id, machine, state, operator or input')
    .option('--cursor <cursor>', 'continue an earlier list, which named the cursor')
    .option('--limit <n>', 'maximum number of runs', integer(), 50)
    .action(action(list))
}

function list(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listRuns } = await import('../../service/runs/list.ts')
    const { json: _, home: __, ...filter } = options
    const listed = await listRuns(home, filter)
    printWarnings(io, listed.warnings)
    printAnswer(io, listed.runs, () => linesOfRuns(listed))
    if (listed.next !== null) io.err(`cutter: there are more: --cursor ${listed.next}`)
    return 0
  })
}

function linesOfRuns({ runs, hold }: ListedRuns): string[] {
  if (runs.length === 0)
    return ['no runs here yet; start one with: cutter run start cut --document ID --source FILE']
  const rows = runs.map((run) => [
    run.runId,
    run.machine,
    run.mode,
    run.outcome ?? (run.hold ? `${run.status}, on hold` : run.status),
    run.state,
    run.startedAt,
    textInLine(run.about),
  ])
  const lines = formatTable(['RUN', 'MACHINE', 'MODE', 'STATUS', 'STATE', 'STARTED', 'ABOUT'], rows)
  return hold === null ? lines : [...lines, lineOfHold(hold)]
}
