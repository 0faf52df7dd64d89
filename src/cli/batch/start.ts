import { type Command, Option } from 'commander'
import type { Mode } from '../../domain/run.ts'
import { integer, matching, modeOption } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { BATCH_SHAPE, printBatch, showCount } from './batch-lines.ts'

interface Options extends GlobalOptions {
  mode: Mode
  target: string
  limit: number
  accept?: string
  expect: string[]
  name?: string
  by?: string
}

const MAX_DOCUMENTS = 100

/**
 * `cutter batch start`: starts a cut for each document of a folder, which works up to its first gate. The same folder, mode and target
 * continue their batch, so that the same command repeats what a crash or a fault prevented.
 */
export function defineStart(group: Command): void {
  defineCommand(
    group,
    'start',
    'start a cut for each document in a folder; the same folder continues its batch',
    'cutter batch start ./laws --mode live',
  )
    .argument(
      '<folder>',
      'its .md, .txt and .html files; ids as in cutter.yaml, else from the names of the files',
    )
    .addOption(modeOption('a dry run writes nothing to the target'))
    .option('--target <name>', 'the database to cut into, by its name in cutter.yaml', 'embedded')
    .option(
      '--accept <codes>',
      'codes of problems to accept, separated by commas; a document that stopped because of them gets another run',
    )
    .option(
      '--expect <counts>',
      'what you counted in each document, e.g. article=30, or in one: LAW:article=12; a run stops on another count',
      (counts: string, all: string[]) => [...all, counts],
      [],
    )
    .addOption(
      new Option('--limit <n>', `refuse a folder with more documents (at most ${MAX_DOCUMENTS})`)
        .default(MAX_DOCUMENTS)
        .argParser(integer(MAX_DOCUMENTS)),
    )
    .addOption(
      new Option('--name <name>', 'id of the batch (default: made from folder, mode and target)').argParser(
        matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/, 'of letters, digits, "-", "_" and "."'),
      ),
    )
    .option(...BY)
    .addHelpText('after', BATCH_SHAPE)
    .action(action(start))
}

function start(folder: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { startBatch } = await import('../../service/batches/start.ts')
    const { mode, target, limit, accept, expect, name, by } = options
    const onDocument = showCount(io, 'documents')
    const given = { folder, mode, target, limit, accept, expect, name, by, onDocument }
    return printBatch(io, await startBatch(home, given))
  })
}
