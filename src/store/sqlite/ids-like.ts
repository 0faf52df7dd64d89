/** Characters of an id's end by which an index finds it. The index is made by migration 0015. */
const INDEXED = 8

/** The end of an id, from its last character to the first, as the indices `runs_by_end` and `pruned_runs_by_end` hold it. */
const END = Array.from({ length: INDEXED }, (_, index) => `substr(run_id, ${-1 - index}, 1)`).join(' || ')

/** Rows of a table whose `run_id` begins or ends with `@text`. No index compares each id. Takes what `likeText` returns. */
export const idsLike = (table: 'runs' | 'pruned_runs', columns: string) => `
    select ${columns} from ${table}
    where run_id >= @text and run_id < @textEnd and substr(run_id, 1, length(@text)) = @text
    union
    select ${columns} from ${table}
    where ${END} >= @end and ${END} < @endEnd and substr(run_id, -length(@text)) = @text`

/** The values by which `idsLike` finds the ids that begin or end with a text. */
export function likeText(text: string) {
  const end = [...text].reverse().slice(0, INDEXED).join('')
  return { text, textEnd: `${text}${LAST}`, end, endEnd: `${end}${LAST}` }
}

/** No character of Unicode comes after it. */
const LAST = '\u{10ffff}'
