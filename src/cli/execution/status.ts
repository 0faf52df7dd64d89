import type { Command } from 'commander'
import type { ExecutionAnswer } from '../../service/execution/status.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { inHome } from '../session.ts'

/**
 * `cutter execution status`: shows whether a live run may write now: the switch, its end (ISO 8601), and what `cutter.yaml` allows. Exit
 * code 0 in every case.
 */
export function defineStatus(group: Command): void {
  defineCommand(
    group,
    'status',
    'show whether live writes are allowed now',
    'cutter execution status',
  ).action(action(status))
}

function status(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readExecution } = await import('../../service/execution/status.ts')
    return printExecution(io, await readExecution(home))
  })
}

/** Prints the execution switch. Returns the exit code. */
export function printExecution(io: Io, answer: ExecutionAnswer): number {
  const { enabled, until, reason, by, allowLive } = answer
  const setBy = by === null ? '' : ` (${reason}, ${by})`
  printAnswer(io, answer, () => [
    `execution switch  ${enabled ? `on until ${until}` : 'off'}${setBy}`,
    `allowed by config ${allowLive ? 'yes' : 'no (execution.allowLive in cutter.yaml)'}`,
  ])
  return 0
}
