import type { ChangedWords } from '../../service/documents/changed-words.ts'
import type { ComparedDocuments } from '../../service/documents/diff.ts'

type Changes = ComparedDocuments['diff']['changes']
type Stretches = ChangedWords['other'][number]

/** A comparison for people: totals, each unit that changed with its changed words, and the lines outside of units. */
export function linesOfDiff(
  { changes }: ComparedDocuments['diff'],
  { units, other }: ChangedWords,
  color: boolean,
): string[] {
  return [
    `${changes.length} units: ${describeTotals(changes)}`,
    ...linesOfSharedAddresses(changes),
    ...units.flatMap(({ change, stretches }) => ['', titleOf(change), ...markStretches(stretches, color)]),
    ...(other.length === 0 ? [] : ['', 'outside of units']),
    ...other.flatMap((stretches) => markStretches(stretches, color)),
  ]
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

const MARKS = { removed: ['[-', '-]'], added: ['{+', '+}'] } as const
const COLORS = { removed: ['\u001b[31m', '\u001b[39m'], added: ['\u001b[32m', '\u001b[39m'] } as const

function markStretches(stretches: Stretches, color: boolean): string[] {
  const text = stretches.map((stretch, index) => {
    if (stretch.kind === 'same') return shorten(stretch.text, index > 0, index < stretches.length - 1)
    const [open, close] = color ? COLORS[stretch.kind] : MARKS[stretch.kind]
    const words = stretch.text.trimEnd()
    return `${open}${words}${close}${stretch.text.slice(words.length)}`
  })
  return text
    .join('')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
}

/** Keeps of an unchanged text only the words next to a change. */
function shorten(text: string, isAfterChange: boolean, isBeforeChange: boolean): string {
  if (!isAfterChange && !isBeforeChange) return text
  const start = isAfterChange ? text.slice(0, CONTEXT) : ''
  const end = isBeforeChange ? text.slice(-CONTEXT) : ''
  return text.length <= start.length + end.length ? text : `${start}…${end}`
}
