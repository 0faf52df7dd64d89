import type { Json } from '../domain/json.ts'
import { prose } from '../domain/markdown.ts'
import { shellQuote } from '../domain/shell-quote.ts'

export interface PlannedCommand {
  id: string
  argv: string[]
}

export const isCommands = (items: Json[]): boolean =>
  items.every((item) => {
    const { id, argv } = (item ?? {}) as { [key: string]: Json }
    return typeof id === 'string' && Array.isArray(argv) && argv.every((word) => typeof word === 'string')
  })

/** Commands one after the other, as a shell would read them; of a script its lines as they are, and what it is given below. */
export function commandLines(commands: PlannedCommand[]): string[] {
  return commands.flatMap(({ id, argv }, index) => {
    const [shell, flag, script, ...given] = argv
    const isScript = shell === 'sh' && flag === '-c' && script !== undefined
    const lines = isScript
      ? [
          ...script.split('\n'),
          ...given.flatMap((word, at) => `$${at} = ${word}`.split('\n').map((line) => `# ${line}`)),
        ]
      : [argv.map(shellQuote).join(' ')]
    return [`${index + 1}. ${prose(id)}`, '', ...block(lines.map(visible)), '']
  })
}

/** What can't be seen and could deceive the reader is spelt out. */
const visible = (line: string) =>
  line.replace(/[\p{Cc}\p{Cf}\p{Co}]/gu, (sign) =>
    sign === '\t' ? sign : `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
  )

/** Fenced by more backticks than stand anywhere within. */
function block(lines: string[]): string[] {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)),
  )
  const fence = '`'.repeat(longest + 1)
  return [`${fence}sh`, ...lines, fence]
}
