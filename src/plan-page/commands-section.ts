import { fenced, type MarkdownLine, md } from '../domain/markdown.ts'
import type { PlannedCommand } from '../domain/planned-command.ts'
import { shellQuote } from '../domain/shell-quote.ts'

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
