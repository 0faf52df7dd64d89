/** A line of a text, or several that are no headings. */
export interface Block {
  text: string
  /** The mark of a Markdown heading, such as `###`; null for other lines. */
  mark: string | null
}

const HEADING = /^([ \t]*)(#{1,6})[ \t]+(\S.*)$/u

/** Splits a text at its Markdown headings. Each block keeps its line end, and a heading comes without its mark. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  for (const line of text.split(/(?<=\n)/)) {
    const [, , mark, words] = HEADING.exec(line.replace(/\r?\n$/, '')) ?? []
    if (mark !== undefined) blocks.push({ text: words!, mark })
    else if (blocks.at(-1)?.mark === null) blocks.at(-1)!.text += line
    else blocks.push({ text: line, mark: null })
  }
  return blocks
}
