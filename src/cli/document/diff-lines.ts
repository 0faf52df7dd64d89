import type { Change } from '../../document/diff/change.ts'
import { type DocumentDiff, listUnitTexts, type ScannedText } from '../../document/diff/diff-documents.ts'
import { diffWords, type WordChange } from '../../document/diff/word-diff.ts'

/** The comparison for people: totals, then each unit that changed with the words that did, then the lines outside of units. */
export function linesOfDiff(
  { changes, other }: DocumentDiff,
  { old, now }: { old: ScannedText; now: ScannedText },
  color: boolean,
): string[] {
  const texts = { old: textsOf(old), now: textsOf(now) }
  const shared = new Set(
    changes.filter(({ occurrence }) => occurrence !== undefined).map(({ address }) => address),
  )
  return [
    `${changes.length} units: ${totals(changes)}`,
    ...(shared.size === 0
      ? []
      : [
          `more than one unit each: ${[...shared].join(', ')} — told apart here by (n); such a text is not cut`,
        ]),
    ...changes
      .filter(({ change }) => change !== 'unchanged')
      .flatMap((change) => ['', headOf(change), ...marked(stretchesOf(change, texts), color)]),
    ...(other.length === 0 ? [] : ['', 'outside of units']),
    ...other.flatMap(({ removed, added }) => marked(diffWords(removed.join('\n'), added.join('\n')), color)),
  ]
}

function totals(changes: Change[]): string {
  const counts = new Map<string, number>()
  for (const { change } of changes) counts.set(change, (counts.get(change) ?? 0) + 1)
  return [...counts].map(([change, n]) => `${n} ${change}`).join(', ')
}

function headOf({ change, address, newAddress, occurrence }: Change): string {
  const name = occurrence === undefined ? address : `${address} (${occurrence})`
  const went = newAddress === null || newAddress === address ? '' : ` → ${newAddress}`
  const how = newAddress === address ? (HOW[change] ?? '') : ''
  return `${change.padEnd(10)} ${name}${went}${how}`
}

const HOW: { [change: string]: string } = { moved: ' (to another place)', repealed: ' (in place)' }

type Texts = Map<string, string>

const textsOf = (text: ScannedText): Texts =>
  new Map(listUnitTexts(text).map((unit) => [`${unit.address}#${unit.occurrence}#${unit.sha256}`, unit.text]))

/** Of a unit that came or went its first words are enough. A part is shown whole, beside nothing: its whole stands elsewhere. */
function stretchesOf(change: Change, { old, now }: { old: Texts; now: Texts }): WordChange[] {
  const { address, newAddress, oldSha256, newSha256, occurrence = 1 } = change
  const before = old.get(`${address}#${occurrence}#${oldSha256}`) ?? ''
  const after = now.get(`${newAddress}#${occurrence}#${newSha256}`) ?? ''
  if (newAddress === null) return [{ kind: 'removed', text: inShort(before) }]
  if (oldSha256 === newSha256) return [{ kind: 'same', text: inShort(after) }]
  if (oldSha256 === null || change.change === 'split' || change.change === 'merged')
    return [{ kind: oldSha256 === null ? 'added' : 'same', text: inShort(after) }]
  return diffWords(before, after)
}

const WORDS_AROUND = 60

function marked(stretches: WordChange[], color: boolean): string[] {
  const text = stretches.map((stretch, index) => {
    if (stretch.kind === 'same') return around(stretch.text, index > 0, index < stretches.length - 1)
    const [open, close] = color ? COLORS[stretch.kind] : MARKS[stretch.kind]
    return `${open}${stretch.text.trimEnd()}${close}${stretch.text.slice(stretch.text.trimEnd().length)}`
  })
  return text
    .join('')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
}

const MARKS = { removed: ['[-', '-]'], added: ['{+', '+}'] } as const
const COLORS = { removed: ['\u001b[31m', '\u001b[39m'], added: ['\u001b[32m', '\u001b[39m'] } as const

/** Of what did not change, the words next to what did. */
function around(text: string, hasBefore: boolean, hasAfter: boolean): string {
  const head = hasBefore ? text.slice(0, WORDS_AROUND) : ''
  const tail = hasAfter ? text.slice(-WORDS_AROUND) : ''
  if (!hasBefore && !hasAfter) return text
  return text.length <= head.length + tail.length ? text : `${head}…${tail}`
}

function inShort(text: string): string {
  const most = 4 * WORDS_AROUND
  const words = text.trimEnd()
  return words.length <= most ? words : `${words.slice(0, most)}…`
}
