import { type Command, Option } from 'commander'
import type { Awaited } from '../../service/runs/wait.ts'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { EXIT_INTERRUPTED, exitOfRun } from '../exit-codes.ts'
import { linesOfRun } from '../run-lines.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  for: Awaited
  timeout: string
}

/** `cutter run wait`: waits until a run comes to a gate, closes or rests. The exit code is that of the run; 1 when the time is over. */
export function defineWait(group: Command): void {
  defineCommand(group, 'wait', 'wait for a run', 'cutter run wait 0f3a9c1d --for gate --timeout 10m')
    .argument('<run>', RUN)
    .addOption(
      new Option('--for <what>', 'gate, closed, or rest: it does not work')
        .choices(['rest', 'gate', 'closed'])
        .default('rest'),
    )
    .option('--timeout <duration>', 'how long at most, such as 90s or 10m', '10m')
    .action(action(wait))
}

function wait(text: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io, interrupt }) => {
    const [{ waitForRun }, { parseDuration }] = await Promise.all([
      import('../../service/runs/wait.ts'),
      import('../../service/duration.ts'),
    ])
    const ms = parseDuration(options.timeout, '--timeout', MAX_DAYS)
    const { run, arrived } = await waitForRun(home, { run: text, for: options.for, ms })
    printAnswer(io, run, () => linesOfRun(run, io.width))
    if (arrived) return exitOfRun(run)
    if (interrupt.aborted) return EXIT_INTERRUPTED
    io.err(
      `cutter: run ${run.runId} did not come to ${options.for} within ${options.timeout}; nothing was changed`,
    )
    return 1
  })
}

const MAX_DAYS = 30
