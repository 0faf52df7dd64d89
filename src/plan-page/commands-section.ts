import { fenced, type MarkdownLine, md } from '../domain/markdown.ts'
import type { PlannedCommand } from '../domain/planned-command.ts'
import { shellQuote } from '../domain/shell-quote.ts'

/** Commands one after the other, as a shell would read them; of a script its lines as they are, and what it is given below. */
export function commandLines(commands: PlannedCommand[]): MarkdownLine[] {
  return commands.flatMap(({ id, argv }, index) => {
    return [md`${index + 1}. ${id}`, '', ...fenced(linesOfCommand(argv), 'sh'), '']
  })
}

/** A script that a command gives to `sh -c`, with the words that it is given; null for any other command. */
export function scriptOf([shell, flag, text, ...given]: string[]): { text: string; given: string[] } | null {
  return shell === 'sh' && flag === '-c' && text !== undefined ? { text, given } : null
}

function linesOfCommand(argv: string[]): string[] {
  const script = scriptOf(argv)
  if (script === null) return [argv.map(shellQuote).join(' ')]
  return [
    ...script.text.split('\n'),
    ...script.given.flatMap((word, at) => `$${at} = ${word}`.split('\n').map((line) => `# ${line}`)),
  ]
}
