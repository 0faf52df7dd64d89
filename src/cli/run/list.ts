import { type Command, Option } from 'commander'
import type { Status } from '../../domain/history-entry.ts'
import { textInLine } from '../../domain/visible.ts'
import type { ListedRuns, ListRunsInput } from '../../service/runs/list.ts'
import { printWarnings } from '../answers.ts'
import { integer, timeOf } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { fitLines } from '../fit.ts'
import type { Line } from '../line.ts'
import { asksForJson, type ListOutput, outputOption, printList, RUN_COLUMNS } from '../list-output.ts'
import { lineOfHold } from '../run-lines.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { fittedRuns } from './fitted-list.ts'

interface Options extends GlobalOptions, ListRunsInput, ListOutput {}

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
    .addOption(outputOption())
    .action(action(list))
}

function list(options: Options): Promise<number> {
  return inHome({ ...options, json: asksForJson(options) }, async ({ home, io }) => {
    const { listRuns } = await import('../../service/runs/list.ts')
    const { json: _, home: __, output: ___, ...filter } = options
    const listed = await listRuns(home, filter)
    printWarnings(io, listed.warnings)
    printList(io, options, {
      value: listed.runs,
      items: listed.runs,
      columns: RUN_COLUMNS,
      lines: () => linesOfRuns(listed, io.width, isFiltered(filter)),
    })
    if (listed.next !== null) io.err(`cutter: there are more: --cursor ${listed.next}`)
    return 0
  })
}

/** Whether runs may be left out by what they are, and not by their number. */
const isFiltered = ({ limit: _, cursor: __, ...filter }: { [option: string]: unknown }) =>
  Object.values(filter).some((value) => value !== undefined)

function linesOfRuns({ runs, hold }: ListedRuns, width: number | null, filtered: boolean): Line[] {
  if (runs.length === 0 && filtered) return ['no run matches all of these options; cutter run list shows all']
  if (runs.length === 0)
    return ['no runs here yet; start one with: cutter run start cut --document ID --source FILE']
  const holds = hold === null ? [] : fitLines([lineOfHold(hold)], { width, hang: 8 })
  if (width !== null) return [...fittedRuns(runs, width, new Date()), ...holds]
  const rows = runs.map((run) => [
    run.runId,
    run.machine,
    run.mode,
    run.outcome ?? (run.hold ? `${run.status}, on hold` : run.status),
    run.state,
    run.startedAt,
    textInLine(run.about),
  ])
  return [
    ...formatTable(['RUN', 'MACHINE', 'MODE', 'STATUS', 'STATE', 'STARTED', 'ABOUT'], rows, null),
    ...holds,
  ]
}
