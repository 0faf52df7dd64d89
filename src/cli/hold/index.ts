import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineOff } from './off.ts'
import { defineOn } from './on.ts'
import { defineRelease } from './release.ts'
import { defineStatus } from './status.ts'

/** `cutter hold …`: the hold for incidents. While it is on, no run starts or continues, dry run or live. */
export function defineHoldCommands(program: Command): void {
  const group = defineCommand(
    program,
    'hold',
    'show and set the hold: while it is on, no run starts or continues',
    'cutter hold on --reason "incident 12"',
  )
  defineStatus(group)
  defineOn(group)
  defineOff(group)
  defineRelease(group)
}
