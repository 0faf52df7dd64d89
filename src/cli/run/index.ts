import type { Command } from 'commander'
import { defineCommand } from '../define-command.ts'
import { defineAbandon } from './abandon.ts'
import { defineAdopt } from './adopt.ts'
import { defineCancel } from './cancel.ts'
import { defineExplain } from './explain.ts'
import { defineExport } from './export.ts'
import { defineGraph } from './graph.ts'
import { defineHistory } from './history.ts'
import { defineList } from './list.ts'
import { definePlan } from './plan.ts'
import { defineReport } from './report.ts'
import { defineResume } from './resume.ts'
import { defineRetry } from './retry.ts'
import { defineReview } from './review.ts'
import { defineRollback } from './rollback.ts'
import { defineShow } from './show.ts'
import { defineStart } from './start.ts'
import { defineVoid } from './void.ts'
import { defineWait } from './wait.ts'

/** `cutter run …`: the commands of operators. A command that moves a run prints it, and ends with the exit code of `exitOfRun`. */
export function defineRunCommands(program: Command): void {
  const group = defineCommand(
    program,
    'run',
    'start, resume and inspect runs',
    'cutter run start cut --document CHARTER --source charter.md',
  )
  defineStart(group)
  defineResume(group)
  defineList(group)
  defineShow(group)
  definePlan(group)
  defineHistory(group)
  defineExplain(group)
  defineReview(group)
  defineGraph(group)
  defineReport(group)
  defineExport(group)
  defineCancel(group)
  defineVoid(group)
  defineAbandon(group)
  defineRollback(group)
  defineAdopt(group)
  defineRetry(group)
  defineWait(group)
}
