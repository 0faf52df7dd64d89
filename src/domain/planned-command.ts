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
 * than all of the run: whoever works by hand takes the run over. `stage` makes the staging folder by hand at any time.
 * Nobody can send a file by hand: the lists of what is removed are left empty, so that everything of the withdrawn tree is kept.
 */
export function commandToPaste({ argv }: PlannedCommand, runId: string): string {
  // The placeholder is a complete word, or the end of a path.
  const filled = argv.map((word) =>
    word.endsWith(RUN_PLACEHOLDER) ? word.slice(0, -RUN_PLACEHOLDER.length) + runId : word,
  )
  const words = filled.map(shellQuote)
  if (filled[0] === 'put') return `: >${words.at(-1)}`
  const asksFor = (name: string) => argv.some((word) => word.includes(name))
  const token = asksFor('CUTTER_TOKEN') ? ['env', `CUTTER_TOKEN=${runId}:${BY_HAND}`] : []
  const seen = asksFor('CUTTER_SEEN') ? ['CUTTER_SEEN=any'] : []
  return [...token, ...seen, ...words].join(' ')
}
