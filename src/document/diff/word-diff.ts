import { diffWordsWithSpace } from 'diff'

/** A stretch of text that both have, or that one has alone. */
export interface WordChange {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** Beyond so many edits two texts are two texts, and a comparison word by word tells nobody anything. */
const MOST_EDITS = 4_000

/** The second text as an edit of the first, word by word; the stretches that are not `added` make up the first, and so on. */
export function diffWords(before: string, after: string): WordChange[] {
  const parts = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS })
  if (parts === undefined) {
    const whole: WordChange[] = [
      { kind: 'removed', text: before },
      { kind: 'added', text: after },
    ]
    return whole.filter(({ text }) => text !== '')
  }
  return parts.map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }))
}
