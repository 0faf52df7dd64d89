import { type Command, Option } from 'commander'
import type { Status } from '../../domain/history-entry.ts'
import type { ListedRuns } from '../../service/runs/list.ts'
import { printAnswer, printWarnings } from '../answers.ts'
import { integer } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { lineOfHold } from '../run-lines.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'

interface Options extends GlobalOptions {
  status?: Status
  machine?: string
  limit: number
}

const STATUSES: Status[] = ['working', 'paused', 'stopped', 'closed']

/** `cutter run list`: lists runs, newest first, at most 50 unless `--limit` asks for more. The last line names a hold that is on. */
export function defineList(group: Command): void {
  defineCommand(group, 'list', 'list runs, newest first', 'cutter run list --status paused')
    .addOption(new Option('--status <status>', 'filter by status').choices(STATUSES))
    .option('--machine <machine>', 'filter by machine')
    .option('--limit <n>', 'maximum number of runs', integer(), 50)
    .action(action(list))
}

function list(options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { listRuns } = await import('../../service/runs/list.ts')
    const { status, machine, limit } = options
    const listed = await listRuns(home, { status, machine, limit })
    printWarnings(io, listed.warnings)
    printAnswer(io, listed.runs, () => linesOfRuns(listed))
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
  ])
  const lines = formatTable(['RUN', 'MACHINE', 'MODE', 'STATUS', 'STATE', 'STARTED'], rows)
  return hold === null ? lines : [...lines, lineOfHold(hold)]
}
