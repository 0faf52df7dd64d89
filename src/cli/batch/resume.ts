import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { BATCH_SHAPE, printBatch, showCount } from './batch-lines.ts'

interface Options extends GlobalOptions {
  approval: string[]
  approvals?: string
  rehearse?: boolean
  by?: string
}

/**
 * `cutter batch resume`: brings approvals to the gates of a batch, or resumes the runs that stopped. A refused document delays no other, so
 * the answer lists all of them. The exit code covers all of them too, as `BATCH_SHAPE` describes.
 */
export function defineResume(group: Command): void {
  defineCommand(
    group,
    'resume',
    'resume runs of a batch, one after the other; without approvals: those that stopped',
    'cutter batch resume laws-1b2c3d4e --approval ap-4f0c… --approval ap-77aa…',
  )
    .argument('[batch]', 'id of the batch, or a unique prefix or suffix of it (default: the only batch)')
    .option('--approval <id>', 'may be given several times', (id: string, all: string[]) => [...all, id], [])
    .option('--approvals <file>', 'a file with the id of an approval on each line')
    .option('--rehearse', 'in dry runs: pass each gate with a rehearsal approval')
    .option(...BY)
    .addHelpText('after', BATCH_SHAPE)
    .action(action(resume))
}

function resume(batch: string | undefined, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { resumeBatch } = await import('../../service/batches/resume.ts')
    const { approval: approvals, approvals: approvalsFile, rehearse = false, by } = options
    const onRun = showCount(io, 'runs')
    return printBatch(io, await resumeBatch(home, { batch, approvals, approvalsFile, rehearse, by, onRun }))
  })
}
