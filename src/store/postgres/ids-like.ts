import { likeText } from '../sqlite/ids-like.ts'

/** Rows of a table whose `run_id` begins or ends with `@text`. No index compares each id. Takes what `likeText` returns. */
export const idsLike = (table: 'runs' | 'pruned_runs', columns: string) => `
    select ${columns} from cutter_store.${table}
    where run_id >= @text and run_id < @textEnd and left(run_id, length(@text)) = @text
    union
    select ${columns} from cutter_store.${table}
    where reverse(right(run_id, 8)) >= @end and reverse(right(run_id, 8)) < @endEnd and right(run_id, length(@text)) = @text`

export { likeText }
