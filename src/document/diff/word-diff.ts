import { diffWordsWithSpace } from 'diff'

/** A stretch of text that both texts have, or only one of them. */
export interface WordChange {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** Maximum number of edits. Texts with more edits are shown as one removal and one addition. */
const MOST_EDITS = 4_000

/**
 * Compares two texts word by word. The stretches that are not `added` are the first text; those that are not `removed` are the
 * second.
 */
export function diffWords(before: string, after: string): WordChange[] {
  const parts = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS })
  if (parts === undefined) {
    const replaced: WordChange[] = [
      { kind: 'removed', text: before },
      { kind: 'added', text: after },
    ]
    return replaced.filter(({ text }) => text !== '')
  }
  return parts.map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }))
}
