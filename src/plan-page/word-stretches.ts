import type { Stretch } from '../domain/plan-difference.ts'
import { cutAt, LONGEST_TEXT } from '../domain/visible.ts'
import type { Differing } from './plan-reading.ts'
import { firstSigns, lastSigns } from './quoted-words.ts'

/** The number of characters of unchanged text around a change. */
const AROUND = 60
/** Characters of changed text that are compared word by word, of one text and of all. A text with more is shown as one change. */
const COMPARED = { once: 20_000, altogether: 200_000 }
/** Stretches of a difference that are shown. */
const MOST = 40

/** What stands round a change. `…` stands for what is omitted. */
export function shortenSame(value: string, first: boolean, last: boolean): string {
  const signs = [...value.replace(/\s+/gu, ' ')]
  if (signs.length <= AROUND * (Number(!first) + Number(!last))) return signs.join('')
  const head = first ? '' : firstSigns(signs, AROUND)
  const tail = last ? '' : lastSigns(signs, AROUND)
  return [head, '…', tail].filter((text) => text.trim() !== '').join(' ')
}

/**
 * A difference of two texts in a length that people read, with the line ends of its changes as `↵`.
 * @param between what stands between words that go and the words that come for them
 */
export function shortenStretches(stretches: Stretch[], between = ' '): Stretch[] {
  const shown = stretches.map(({ kind, text }, at): Stretch => {
    if (kind === 'same') return { kind, text: shortenSame(text, at === 0, at === stretches.length - 1) }
    const other = stretches[kind === 'removed' ? at + 1 : at - 1]
    const from = other === undefined || other.kind === 'same' ? 0 : sharedStart(text, other.text)
    return {
      kind,
      text: cutAt(LONGEST_TEXT, withBlanks(`${from === 0 ? '' : '…'}${text.slice(from)}`)),
    }
  })
  const more = shown.slice(MOST).filter(({ kind }) => kind !== 'same').length
  return [
    ...shown.slice(0, MOST).flatMap((one, at): Stretch[] => {
      const isReplaced = one.kind === 'added' && shown[at - 1]?.kind === 'removed'
      return isReplaced ? [{ kind: 'same', text: between }, one] : [one]
    }),
    ...(more > 0 ? [{ kind: 'same' as const, text: ` … and ${more} more` }] : []),
  ]
}

/** Line ends and blanks that are taken for the usual one, spelled. Controls are spelled where the text is shown. */
const withBlanks = (text: string) =>
  text.replaceAll('\n', '↵').replace(/[^\S \t\r]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`)

/** How much of the start of two long texts is left out, because both have it and their difference would be cut off. */
function sharedStart(one: string, two: string): number {
  const at = sharedCharacters(one, two)
  return at > LONGEST_TEXT / 2 ? at - 20 : 0
}

/**
 * Compares texts word by word, and no more of them than people read: a plan of others must not keep its reader waiting. What both texts begin
 * and end with costs nothing.
 */
export function differingFew(differing: Differing): Differing {
  let left = COMPARED.altogether
  return (before, after) => {
    const start = sharedWords(before, after)
    const end = sharedEnd(before.slice(start), after.slice(start))
    const [one, two] = [before, after].map((text) => text.slice(start, text.length - end)) as [string, string]
    const size = one.length + two.length
    const isCompared = size <= Math.min(COMPARED.once, left)
    if (isCompared) left -= size
    const stretches: Stretch[] = [
      { kind: 'same', text: before.slice(0, start) },
      ...(isCompared ? differing(one, two) : replacing(one, two)),
      { kind: 'same', text: before.slice(before.length - end) },
    ]
    return stretches.filter(({ text }) => text !== '')
  }
}

export const replacing = (was: string, is: string): Stretch[] => [
  { kind: 'removed', text: was },
  { kind: 'added', text: is },
]

/** How many characters both texts begin with, up to the end of a word. */
function sharedWords(one: string, two: string): number {
  let at = sharedCharacters(one, two)
  while (at > 0 && !/\s/u.test(one[at - 1]!)) at -= 1
  return at
}

/** How many characters both texts end with, from the beginning of a word. */
function sharedEnd(one: string, two: string): number {
  let count = 0
  while (count < Math.min(one.length, two.length) && one.at(-count - 1) === two.at(-count - 1)) count += 1
  while (count > 0 && !/\s/u.test(one.at(-count)!)) count -= 1
  return count
}

function sharedCharacters(one: string, two: string): number {
  let at = 0
  while (at < one.length && one[at] === two[at]) at += 1
  return at
}
