import type { Node, Source } from './source-tree.ts'

/** A place of a source file that gets another text. Offsets are of the text as it is. */
export interface Edit {
  file: string
  start: number
  end: number
  text: string
}

/** A build with one check removed. */
export interface Weakened {
  /** What the check is for: a reason of a refusal, or an invariant. */
  subject: string
  /** Where it was removed. */
  name: string
  edits: Edit[]
}

export const replaced = ({ file }: Source, { start, end }: Node, text: string): Edit => ({
  file,
  start,
  end,
  text,
})

/** `file:line` of a node. */
export const placeOf = ({ file, text }: Source, { start }: { start: number }): string =>
  `${file}:${text.slice(0, start).split('\n').length}`

/** Makes the edits in the text of a file, from the last one to the first one. */
export function edited(text: string, edits: Edit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((now, { start, end, text: put }) => now.slice(0, start) + put + now.slice(end), text)
}
