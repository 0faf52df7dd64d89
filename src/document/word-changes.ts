import { diffWordsWithSpace } from 'diff'

/** Past so many changed words two texts have too little in common for a difference to say anything, or to be worth its time. */
const MOST_CHANGES = 2_000

export interface WordChange {
  value: string
  added: boolean
  removed: boolean
}

/** What differs, word by word; null where that is too much. */
export function wordChanges(before: string, after: string): WordChange[] | null {
  const parts = diffWordsWithSpace(before, after, { maxEditLength: MOST_CHANGES })
  return parts?.map(({ value, added, removed }) => ({ value, added, removed })) ?? null
}
