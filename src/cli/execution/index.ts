import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineDisable } from './disable.ts'
import { defineEnable } from './enable.ts'
import { defineStatus } from './status.ts'

/** `cutter execution …`: the execution switch, without which no live run writes. */
export function defineExecutionCommands(program: Command): void {
  const group = defineCommand(
    program,
    'execution',
    'show and set the execution switch, which allows live writes; it is off by default',
    'cutter execution enable --for 2h --reason "release 7"',
  )
  defineStatus(group)
  defineEnable(group)
  defineDisable(group)
}
