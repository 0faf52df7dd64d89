import type { Command } from 'commander'
import type { HoldAnswer } from '../../service/holds/status.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { inHome } from '../session.ts'

/** `cutter hold status`: shows since when, why and by whom runs are held, and which runs were released. Exit code 0 in every case. */
export function defineStatus(group: Command): void {
  defineCommand(
    group,
    'status',
    'show whether a hold is on, and which runs were released from it',
    'cutter hold status',
  ).action(action(status))
}

function status(options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readHold } = await import('../../service/holds/status.ts')
    return printHold(io, await readHold(home))
  })
}

/** Prints the hold. Returns the exit code. */
export function printHold(io: Io, answer: HoldAnswer): number {
  printAnswer(io, answer, () => linesOfHold(answer))
  return 0
}

function linesOfHold({ on, since, reason, by, released }: HoldAnswer): string[] {
  if (!on) return ['hold  off']
  return [
    `hold  on since ${since} (${reason}, ${by})`,
    ...released.map((runId) => `      released: ${runId}`),
  ]
}
