import type { ChangedWords } from '../../service/documents/changed-words.ts'
import type { ComparedDocuments } from '../../service/documents/diff.ts'
import type { Line } from '../line.ts'

type Changes = ComparedDocuments['diff']['changes']
type Stretches = ChangedWords['other'][number]

/** A comparison for people: totals, each unit that changed with its changed words, and the lines outside of units. */
export function linesOfDiff(
  { changes, places }: ComparedDocuments['diff'],
  { units, other }: ChangedWords,
): Line[] {
  return [
    `${changes.length} units: ${describeTotals(changes)}`,
    ...linesOfSharedAddresses(changes),
    ...units.flatMap(({ change, stretches }) => ['', titleOf(change), ...linesOfChange(change, stretches)]),
    ...(other.length === 0 ? [] : ['', 'outside of units']),
    ...other.flatMap((stretches) => markStretches(stretches)),
    ...(places.length === 0 ? [] : ['', `below another heading, with the same words: ${places.join(', ')}`]),
  ]
}

/** An article that is added behind the last one gives that one a blank line, and no word. */
function linesOfChange({ change }: Changes[number], stretches: Stretches): Line[] {
  const isBlank = stretches.every(({ kind, text }) => kind === 'same' || text.trim() === '')
  return change === 'amended' && isBlank ? ['    only white space differs'] : markStretches(stretches)
}

function describeTotals(changes: Changes): string {
  const counts = new Map<string, number>()
  for (const { change } of changes) counts.set(change, (counts.get(change) ?? 0) + 1)
  return [...counts].map(([change, count]) => `${count} ${change}`).join(', ')
}

function linesOfSharedAddresses(changes: Changes): string[] {
  const shared = changes.filter(({ occurrence }) => occurrence !== undefined).map(({ address }) => address)
  if (shared.length === 0) return []
  const addresses = [...new Set(shared)].join(', ')
  return [`more than one unit each, numbered (n) here: ${addresses}; Cutter refuses to cut such a text`]
}

const SUFFIX: { [change: string]: string } = { moved: ' (to another place)', repealed: ' (in place)' }

function titleOf({ change, address, newAddress, occurrence }: Changes[number]): string {
  const name = occurrence === undefined ? address : `${address} (${occurrence})`
  const target = newAddress === null || newAddress === address ? '' : ` → ${newAddress}`
  const suffix = newAddress === address ? (SUFFIX[change] ?? '') : ''
  return `${change.padEnd(10)} ${name}${target}${suffix}`
}

/** The number of unchanged characters shown on each side of a change. */
const CONTEXT = 60

type Part = Exclude<Line, string>[number]

/** The lines of a text of a document, with what was removed and added. */
export function markStretches(stretches: Stretches): Line[] {
  const lines: Part[][] = [[]]
  for (const [index, { kind, text }] of stretches.entries()) {
    const shown = kind === 'same' ? shorten(text, index > 0, index < stretches.length - 1) : text
    for (const [at, piece] of shown.split(/\r?\n/).entries()) {
      if (at > 0) lines.push([])
      lines.at(-1)!.push(...partsOf(kind, piece))
    }
  }
  return lines.filter(hasText).map((parts) => ['    ', ...parts])
}

/** White space at the end of a change is not marked. */
function partsOf(kind: Stretches[number]['kind'], text: string): Part[] {
  const words = text.trimEnd()
  return kind === 'same' || words === '' ? [text] : [{ text: words, style: kind }, text.slice(words.length)]
}

const hasText = (parts: Part[]) =>
  parts.some((part) => (typeof part === 'string' ? part : part.text).trim() !== '')

/** Keeps of an unchanged text only the words next to a change. */
function shorten(text: string, isAfterChange: boolean, isBeforeChange: boolean): string {
  if (!isAfterChange && !isBeforeChange) return text
  const start = isAfterChange ? text.slice(0, CONTEXT) : ''
  const end = isBeforeChange ? text.slice(-CONTEXT) : ''
  return text.length <= start.length + end.length ? text : `${start}…${end}`
}
