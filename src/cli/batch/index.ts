import { type Command, InvalidArgumentError, Option } from 'commander'
import { BY, defineCommand, type Runner } from '../define-command.ts'

const SHAPE = `
--json answers { batchId, folder, mode, target, startedBy, startedAt, counts: { paused, stopped, working, succeeded, closed, refused, unstarted },
documents: [{ document, source, runId, status, state, gate, planDigest, stopCode, outcome, stop, error: { code, message, next } | null }] };
counts.closed are runs that closed otherwise than as succeeded, counts.refused are documents that could not become runs, counts.unstarted those that a
crash came before.
Exit codes: 0 all wait at a gate or succeeded · 3 some are stopped, refused or closed otherwise · 1 one failed or met an internal error`

export function batchCommands(group: Command, run: Runner): void {
  const verbs = () => import('./start.ts')
  defineCommand(
    group
      .command('start')
      .description('start a cut for each document of a folder; the same folder again goes on with its batch')
      .argument(
        '<folder>',
        'its .md, .txt and .html files; ids as in cutter.yaml, else from the names of the files',
      ),
    'cutter batch start ./laws --mode live',
  )
    .addOption(
      new Option('--mode <mode>', 'dry-run writes nothing to the target')
        .choices(['dry-run', 'live'])
        .default('dry-run'),
    )
    .option('--target <name>', 'database to cut into, by its name in cutter.yaml', 'embedded')
    .option(
      '--accept <codes>',
      'codes of problems to accept, with commas between; of documents that stopped because of them another run is started',
    )
    .addOption(
      new Option('--limit <n>', 'refuse a folder with more documents (at most 100)')
        .default(100)
        .argParser(aLimit),
    )
    .addOption(
      new Option('--name <name>', 'the batch’s own name (default: from folder, mode and target)').argParser(
        aName,
      ),
    )
    .option(...BY)
    .addHelpText('after', SHAPE)
    .action(run(async (folder, options) => (await verbs()).batchStart(folder, options)))
  defineCommand(
    group.command('show').description('where each document of a batch stands').argument('[batch]'),
    'cutter batch show laws-1b2c3d4e',
  )
    .addHelpText('after', SHAPE)
    .action(run(async (id, options) => (await verbs()).batchShow(id, options)))
  defineCommand(
    group
      .command('resume')
      .description('take runs of a batch further, one after the other; without approvals: those that stopped')
      .argument('[batch]'),
    'cutter batch resume laws-1b2c3d4e --approval ap-4f0c… --approval ap-77aa…',
  )
    .option('--approval <id>', 'may be given several times', (id: string, all: string[]) => [...all, id], [])
    .option('--approvals <file>', 'a file with an approval’s id on each line')
    .option('--rehearse', 'dry runs: pass each gate at which a run waits with a rehearsal')
    .option(...BY)
    .addHelpText('after', SHAPE)
    .action(run(async (id, options) => (await verbs()).batchResume(id, options)))
}

function aLimit(value: string): number {
  const limit = /^\d{1,3}$/.test(value) ? Number(value) : 0
  if (limit >= 1 && limit <= 100) return limit
  throw new InvalidArgumentError('It must be a whole number from 1 to 100.')
}

function aName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/.test(value)) return value
  throw new InvalidArgumentError('It must be of letters, digits, "-", "_" and ".".')
}
