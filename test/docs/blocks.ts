/** Fenced blocks of a Markdown page, as far as a test uses them. */

/** One `$ command` of a console block, with the output that the page shows for it. */
export interface Command {
  command: string
  expected: string[]
}

export interface Block {
  language: string
  /** Words after the language: `runnable` → '', `file=charter.md` → 'charter.md'. */
  info: Map<string, string>
  lines: string[]
  /** Index of the first line of the content in the page. */
  start: number
}

/** All fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: Block | null = null
  let fence = ''
  for (const [index, line] of page.split('\n').entries()) {
    const begin = /^(`{3,})(\S+)?(.*)$/.exec(line)
    if (open === null && begin !== null) {
      fence = begin[1]!
      const words = (begin[3] ?? '')
        .trim()
        .split(/\s+/)
        .filter((word) => word !== '')
      const info = new Map(words.map((word) => [word.split('=')[0]!, word.split('=')[1] ?? '']))
      open = { language: begin[2] ?? '', info, lines: [], start: index + 1 }
    } else if (open !== null && line === fence) {
      blocks.push(open)
      open = null
    } else open?.lines.push(line)
  }
  return blocks
}

/** The commands of a console block: a line `$ …`, continued while it ends with a backslash; other lines are output. */
export function commandsOf({ lines }: Block): Command[] {
  const commands: Command[] = []
  let continued = false
  for (const line of lines) {
    const last = commands.at(-1)
    if (continued && last !== undefined) last.command += `\n${line}`
    else if (line.startsWith('$ ')) commands.push({ command: line.slice(2), expected: [] })
    else last?.expected.push(line)
    continued = (continued || line.startsWith('$ ')) && line.endsWith('\\')
  }
  return commands
}

export const linesOf = (commands: Command[]): string[] =>
  commands.flatMap(({ command, expected }) => [...`$ ${command}`.split('\n'), ...expected])

/** Replaces the content of blocks; from the last one, so that earlier line numbers stay true. */
export function withContents(page: string, contents: [Block, string[]][]): string {
  const lines = page.split('\n')
  for (const [{ start, lines: old }, fresh] of [...contents].sort(([a], [b]) => b.start - a.start))
    lines.splice(start, old.length, ...fresh)
  return lines.join('\n')
}
