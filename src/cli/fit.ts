import { visible } from '../domain/visible.ts'
import type { Line } from './line.ts'
import { breaksOf, widthOf } from './text-width.ts'

/** Begins what continues a line, so that no text of others begins one: whoever wrote it may have chosen where it breaks. */
const CONTINUED = '… '

/**
 * Fits lines of one form to a width: a label of `hang` characters, then a text. What is too wide continues below the text, after a mark,
 * so that no part of it stands where a label does.
 * @param width in characters; null: nothing is broken
 */
export function fitLines(lines: Line[], { width, hang }: { width: number | null; hang: number }): Line[] {
  return width === null ? lines : lines.flatMap((line) => fitLine(line, width, hang))
}

function fitLine(line: Line, width: number, hang: number): Line[] {
  const parts = (typeof line === 'string' ? [line] : line).map((part) =>
    typeof part === 'string' ? visible(part) : { ...part, text: visible(part.text) },
  )
  const text = parts.map(textOf).join('')
  if (widthOf(text) <= width) return [line]
  return breaksOf(text.slice(hang), width - hang).map(({ from, to }, at) => {
    const rest = slice(parts, hang + from, hang + to)
    return at === 0 ? [...slice(parts, 0, hang), ...rest] : [CONTINUED.padStart(hang), ...rest]
  })
}

type Parts = Exclude<Line, string>

const textOf = (part: Parts[number]) => (typeof part === 'string' ? part : part.text)

/** The parts of a line between two places of its text. */
function slice(parts: Parts, from: number, to: number): Parts {
  let at = 0
  return parts.flatMap((part) => {
    const text = textOf(part)
    const cut = text.slice(Math.max(0, from - at), Math.max(0, to - at))
    at += text.length
    if (cut === '') return []
    return [typeof part === 'string' ? cut : { ...part, text: cut }]
  })
}
