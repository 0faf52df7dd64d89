import type { Json } from './json.ts'
import { shellQuote } from './shell-quote.ts'

/** A command of a plan. */
export interface PlannedCommand {
  id: string
  argv: string[]
}

/** Stands for the run's id in the commands of a plan, because a plan names no run. */
export const RUN_PLACEHOLDER = '{run}'

/** Whether a value is a list of commands: objects with an `id` and an `argv` of strings. */
export function isCommands(value: Json | undefined): value is Json[] & PlannedCommand[] {
  const isCommand = (item: Json) => {
    const { id, argv } = (item ?? {}) as { [key: string]: Json }
    return typeof id === 'string' && Array.isArray(argv) && argv.every((word) => typeof word === 'string')
  }
  return Array.isArray(value) && value.length > 0 && value.every(isCommand)
}

/** Above every token of a run (seq × 1,000,000 + attempt), so that a person who works by hand is never fenced. */
const BY_HAND = 9_000_000_000_000_000

/**
 * A command as lines to paste into a POSIX shell, with the run's id filled in. A script that asks for a fencing token gets one that is higher
 * than all of the run: whoever works by hand takes the run over.
 */
export function commandToPaste({ argv }: PlannedCommand, runId: string): string {
  const words = argv.map((word) => (word === RUN_PLACEHOLDER ? runId : word)).map(shellQuote)
  const isFenced = argv.some((word) => word.includes('CUTTER_TOKEN'))
  return [...(isFenced ? [`env CUTTER_TOKEN=${runId}:${BY_HAND}`] : []), ...words].join(' ')
}
