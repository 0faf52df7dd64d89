import type { Json } from '../domain/json.ts'
import { fenced, type MarkdownLine, md } from '../domain/markdown.ts'
import { shellQuote } from '../domain/shell-quote.ts'

export interface PlannedCommand {
  id: string
  argv: string[]
}

/** Whether all items are commands: objects with an `id` and an `argv` of strings. Then the page shows them as a shell would read them. */
export const isCommands = (items: Json[]): boolean =>
  items.every((item) => {
    const { id, argv } = (item ?? {}) as { [key: string]: Json }
    return typeof id === 'string' && Array.isArray(argv) && argv.every((word) => typeof word === 'string')
  })

/** Commands one after the other, as a shell would read them; of a script its lines as they are, and what it is given below. */
export function commandLines(commands: PlannedCommand[]): MarkdownLine[] {
  return commands.flatMap(({ id, argv }, index) => {
    const [shell, flag, script, ...given] = argv
    const isScript = shell === 'sh' && flag === '-c' && script !== undefined
    const lines = isScript
      ? [
          ...script.split('\n'),
          ...given.flatMap((word, at) => `$${at} = ${word}`.split('\n').map((line) => `# ${line}`)),
        ]
      : [argv.map(shellQuote).join(' ')]
    return [md`${index + 1}. ${id}`, '', ...fenced(lines, 'sh'), '']
  })
}
