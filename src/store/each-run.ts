import type { Run } from '../domain/run.ts'
import type { RunFilter } from './run-filter.ts'
import type { RunStore } from './run-store.ts'

/** Runs that are read at a time. */
const PAGE = 1_000

/**
 * All runs that pass a filter, newest first, without keeping them: a store may have a million. Runs that are started meanwhile are not among them.
 * @throws STORE_TAMPERED as `list` does, where the filter has no `onTampered`
 */
export async function* eachRun(
  store: Pick<RunStore, 'list'>,
  { onTampered, ...filter }: Omit<RunFilter, 'limit' | 'after'>,
  limit = PAGE,
): AsyncGenerator<Run> {
  const named = new Set<string>()
  let after: RunFilter['after']
  for (;;) {
    const errors: Error[] = []
    const collect = onTampered === undefined ? {} : { onTampered: (error: Error) => void errors.push(error) }
    const from = { ...filter, ...collect, ...(after && { after }) }
    const page = await store.list({ ...from, limit })
    const isLast = page.length + errors.length < limit
    // Where nothing of a page can be trusted, nothing names the next page.
    const isUnnamed = !isLast && page.length === 0
    const read = isUnnamed ? await store.list({ ...from, limit: Number.MAX_SAFE_INTEGER }) : page
    for (const error of errors)
      if (!named.has(error.message)) {
        named.add(error.message)
        onTampered!(error)
      }
    yield* read
    if (isLast || isUnnamed) return
    after = page.at(-1)!
  }
}
