import type { Json } from '../domain/json.ts'
import { factList, fenced, type MarkdownLine, md, type Shown } from '../domain/markdown.ts'
import { commandToPaste, isCommands, type PlannedCommand } from '../domain/planned-command.ts'

/** Commands of a rollback as lines for a shell, with the run's id. Empty where the rollback of the plan lists no commands. */
export const rollbackToPaste = (rollback: Json | undefined, runId: string): string[] =>
  isCommands(rollback) ? rollback.map((command: PlannedCommand) => commandToPaste(command, runId)) : []

/**
 * How something is taken back: commands ready to paste, with the run's id filled in, else what the plan says. A script of several lines stays
 * one word of its command.
 */
export function rollbackLines(title: Shown, rollback: Json, runId: string): MarkdownLine[] {
  const commands = rollbackToPaste(rollback, runId)
  if (commands.length === 0) return [md`${title}`, '', ...factList(rollback), '']
  return [
    md`${title}`,
    '',
    md`These commands are ready to paste into a shell on the host, in this order. Each first checks that what it removes belongs to this run, and the first one that fails is the last. A withdrawn tree is kept, in the folder that the commands name.`,
    '',
    ...fenced(['(set -e', ...commands.flatMap((command) => command.split('\n')), ')'], 'sh'),
    '',
  ]
}
