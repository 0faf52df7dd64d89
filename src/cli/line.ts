import { visible } from '../domain/visible.ts'

/** How a part of a line is shown on a terminal with colours. */
type Style = 'bold' | 'dim' | 'removed' | 'added' | Tone

/** What a line is about, at a glance. A sign and a word say the same, so that nothing depends on a colour alone. */
export type Tone = 'good' | 'waiting' | 'trouble' | 'busy'

/** One line for people. Whatever its text holds, it stays one line: nothing in it can start another or carry a terminal code. */
export type Line = string | (string | { text: string; style: Style })[]

const CODES: { [style in Style]: [open: string, close: string] } = {
  bold: ['\u001b[1m', '\u001b[22m'],
  dim: ['\u001b[2m', '\u001b[22m'],
  removed: ['\u001b[31m', '\u001b[39m'],
  added: ['\u001b[32m', '\u001b[39m'],
  good: ['\u001b[32m', '\u001b[39m'],
  waiting: ['\u001b[33m', '\u001b[39m'],
  trouble: ['\u001b[31m', '\u001b[39m'],
  busy: ['\u001b[36m', '\u001b[39m'],
}

/** Where there are no colours, changes are marked. */
const MARKS: { [style in Style]: [open: string, close: string] } = {
  bold: ['', ''],
  dim: ['', ''],
  removed: ['[-', '-]'],
  added: ['{+', '+}'],
  good: ['', ''],
  waiting: ['', ''],
  trouble: ['', ''],
  busy: ['', ''],
}

/** A line as it is written. Every part goes through `visible`; only the codes of its styles are Cutter's own. */
export function renderLine(line: Line, color: boolean): string {
  const parts = typeof line === 'string' ? [line] : line
  return parts
    .map((part) => {
      if (typeof part === 'string') return visible(part)
      const [open, close] = (color ? CODES : MARKS)[part.style]
      return `${open}${visible(part.text)}${close}`
    })
    .join('')
}
