import type { Command } from 'commander'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { BATCH_SHAPE, printBatch } from './batch-lines.ts'

/**
 * `cutter batch show`: reads where each document of a batch is, without any work on its run. The exit code covers all documents, as
 * `BATCH_SHAPE` describes.
 */
export function defineShow(group: Command): void {
  defineCommand(
    group,
    'show',
    'show the state of each document of a batch',
    'cutter batch show laws-1b2c3d4e',
  )
    .argument('[batch]', 'id of the batch, or a unique prefix or suffix of it (default: the only batch)')
    .addHelpText('after', BATCH_SHAPE)
    .action(action(show))
}

function show(batch: string | undefined, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { showBatch } = await import('../../service/batches/show.ts')
    return printBatch(io, await showBatch(home, { batch }))
  })
}
