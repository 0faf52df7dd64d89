import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  approval?: string
  by?: string
}

/**
 * `cutter run resume`: brings an approval to the gate at which its run waits, or continues a run after a stop or a crash. Exit code 3 when
 * the run waits at a gate and no approval is given, or the approval does not count.
 */
export function defineResume(group: Command): void {
  defineCommand(
    group,
    'resume',
    'resume a run: with an approval, after a stop, or after a crash',
    'cutter run resume --approval ap-4f0c…',
  )
    .argument('[run]', `${RUN}; optional with --approval`)
    .option('--approval <id>', 'the approval that lets the run pass its gate (see: cutter approval list)')
    .option(...BY)
    .action(action(resume))
}

function resume(run: string | undefined, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { resumeRun } = await import('../../service/runs/resume.ts')
    const { approval, by } = options
    const answer = await resumeRun(home, { run, approval, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
