import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineGrants } from './grants.ts'
import { defineInit } from './init.ts'
import { defineList } from './list.ts'
import { defineSurvey } from './survey.ts'

/** `cutter target …`: prepares a target and compares it with what a cut needs. */
export function defineTargetCommands(program: Command): void {
  const group = defineCommand(
    program,
    'target',
    'prepare and inspect target databases',
    'cutter target survey main --document ICX-CONST',
  )
  defineList(group)
  defineInit(group)
  defineSurvey(group)
  defineGrants(group)
}
