import type { Command } from 'commander'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'
import { printHold } from './status.ts'

/** `cutter hold off`: ends the hold. Only an operator may. The runs that it stopped stay stopped until each is resumed. */
export function defineOff(group: Command): void {
  defineCommand(group, 'off', 'switch the hold off', 'cutter hold off --reason "incident is over"')
    .option(...REASON)
    .option(...BY)
    .action(action(switchOff))
}

function switchOff(options: GlobalOptions & { reason?: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { liftHold } = await import('../../service/holds/off.ts')
    const { reason, by } = options
    return printHold(io, await liftHold(home, { reason, by }))
  })
}
