import type { Syntax } from '../profiles/profile.ts'
import type { PlacedRecord } from '../structure/records.ts'
import { asBuffer, textOf } from '../syntax/lines.ts'
import { createProblem, type Problem } from './problem.ts'

/** What a text with words that are struck out holds: signs of Markdown, a style, or an element. Most texts have nothing of it. */
const SIGNS = ['~~', 'line-through']
const ELEMENTS = ['<del', '<DEL', '<s>', '<S>', '<s ', '<strike', '<STRIKE']
const IN_HTML = '<(?:del|s|strike)(?:\\s[^<>]*)?>|<[^<>]*line-through'
const STRUCK: { [syntax in Syntax]?: RegExp } = {
  html: new RegExp(IN_HTML, 'gi'),
  markdown: new RegExp(`(?<!~)~~(?=[^~\\s])[^~]+~~(?!~)|\\[\\.?line-through\\]#|${IN_HTML}`, 'gi'),
}

/** Finds units whose text holds words that are struck out: the text in force would have words that the source takes out. */
export function findStruckText(bytes: Uint8Array, placed: PlacedRecord[], syntax: Syntax): Problem[] {
  const pattern = STRUCK[syntax]
  const source = asBuffer(bytes)
  const holds = (sign: string) => source.includes(sign)
  if (pattern === undefined || !(SIGNS.some(holds) || (holds('<') && ELEMENTS.some(holds)))) return []
  return placed.flatMap(({ record: { kind, start, end, address }, line: first }) => {
    if (kind !== 'unit') return []
    const text = textOf(bytes, start, end)
    pattern.lastIndex = 0
    const found = pattern.exec(text)
    // The element may begin at the end of a unit and strike out the next one.
    if (
      found === null ||
      text
        .slice(found.index)
        .replace(/<[^<>]*>/g, '')
        .trim() === ''
    )
      return []
    const before = text.slice(0, found.index)
    const line = first + before.split(/\r\n|\r|\n/).length - 1
    const shown = [...text.slice(found.index).replace(/\s+/g, ' ')].slice(0, 60).join('')
    const message = `the text of ${address} holds words that are struck out: "${shown}"`
    return [
      createProblem('TEXT_STRUCK_OUT', message, {
        line,
        column: 1,
        start: start + Buffer.byteLength(before),
      }),
    ]
  })
}
