import type { Change } from '../../document/diff/change.ts'
import { listUnitTexts } from '../../document/diff/diff-documents.ts'
import { diffWords, type WordChange } from '../../document/diff/word-diff.ts'
import type { ComparedDocuments } from './diff.ts'

/** What changed, as people read it. */
export interface ChangedWords {
  /** Every unit that changed, with its text in stretches that were removed, were added or stayed the same. */
  units: { change: Change; stretches: WordChange[] }[]
  /** The same for the lines outside of units. */
  other: WordChange[][]
}

/** The text of a unit that was added, removed, split or merged is shortened to this many characters. */
const MAX_CHARACTERS = 240

/** Finds the words that changed, in each unit and outside of units. */
export function findChangedWords({ diff, old, new: now }: ComparedDocuments): ChangedWords {
  const texts = { old: textsByKey(old), new: textsByKey(now) }
  return {
    units: diff.changes
      .filter(({ change }) => change !== 'unchanged')
      .map((change) => ({ change, stretches: stretchesOf(change, texts) })),
    other: diff.other.map(({ removed, added }) => diffWords(removed.join('\n'), added.join('\n'))),
  }
}

type Texts = Map<string, string>

const textsByKey = (text: ComparedDocuments['old']): Texts =>
  new Map(listUnitTexts(text).map((unit) => [`${unit.address}#${unit.occurrence}#${unit.sha256}`, unit.text]))

/** A unit of which a part was split off or merged in is shown without comparison, because its other part is another unit. */
function stretchesOf(change: Change, texts: { old: Texts; new: Texts }): WordChange[] {
  const { address, newAddress, oldSha256, newSha256, occurrence = 1 } = change
  const before = texts.old.get(`${address}#${occurrence}#${oldSha256}`) ?? ''
  const after = texts.new.get(`${newAddress}#${occurrence}#${newSha256}`) ?? ''
  if (newAddress === null) return [{ kind: 'removed', text: shorten(before) }]
  if (oldSha256 === null) return [{ kind: 'added', text: shorten(after) }]
  const isPart = change.change === 'split' || change.change === 'merged'
  if (isPart || oldSha256 === newSha256) return [{ kind: 'same', text: shorten(after) }]
  return diffWords(before, after)
}

function shorten(text: string): string {
  const words = text.trimEnd()
  return words.length <= MAX_CHARACTERS ? words : `${words.slice(0, MAX_CHARACTERS)}…`
}
