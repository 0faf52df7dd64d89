import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineCheck } from './check.ts'
import { defineGraph } from './graph.ts'
import { defineList } from './list.ts'

/** `cutter machine …`: shows machines: their gates, their diagrams, and whether they can continue the open runs. */
export function defineMachineCommands(program: Command): void {
  const group = defineCommand(
    program,
    'machine',
    'list, draw and check machines, shipped and custom',
    'cutter machine list',
  )
  defineList(group)
  defineGraph(group)
  defineCheck(group)
}
