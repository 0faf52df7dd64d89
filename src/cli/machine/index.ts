import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineCheck } from './check.ts'
import { defineGraph } from './graph.ts'
import { defineList } from './list.ts'
import { defineNew } from './new.ts'
import { defineTest } from './test.ts'

/** `cutter machine …`: shows machines: their gates, their diagrams, and whether they can continue the open runs. It creates and tests new ones. */
export function defineMachineCommands(program: Command): void {
  const group = defineCommand(
    program,
    'machine',
    'list, draw, check, create and test machines',
    'cutter machine list',
  )
  defineList(group)
  defineGraph(group)
  defineCheck(group)
  defineNew(group)
  defineTest(group)
}
