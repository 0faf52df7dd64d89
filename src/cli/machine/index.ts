import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineCheck } from './check.ts'
import { defineGraph } from './graph.ts'
import { defineList } from './list.ts'
import { defineNew } from './new.ts'

/** `cutter machine …`: shows machines: their gates, their diagrams, and whether they can continue the open runs. It creates new ones. */
export function defineMachineCommands(program: Command): void {
  const group = defineCommand(
    program,
    'machine',
    'list, draw, check and create machines',
    'cutter machine list',
  )
  defineList(group)
  defineGraph(group)
  defineCheck(group)
  defineNew(group)
}
