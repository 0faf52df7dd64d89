import type { ComponentChildren } from 'preact'
import { getJson } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { absolute } from '../client/time.ts'
import { type Kept, useKept } from '../client/use-kept.ts'
import { Loading, Trouble } from './small.tsx'

/** Where and of which day documents are read, and what of them: from the address of the view. */
export interface Place {
  target: string
  /** `YYYY-MM-DD`, which means its end in UTC; null for now. */
  asOf: string | null
  document: string | null
  unit: string | null
  words: string | null
}

export function placeOf(query: URLSearchParams): Place {
  return {
    target: query.get('target') ?? 'embedded',
    asOf: query.get('asOf'),
    document: query.get('document'),
    unit: query.get('unit'),
    words: query.get('words'),
  }
}

/** The path of a request for documents at a place. */
export function requestAt(
  { target, asOf }: Place,
  path: string,
  more: { [name: string]: string } = {},
): string {
  return `/api/v1/documents${path}?${new URLSearchParams({ target, ...(asOf === null ? {} : { asOf }), ...more })}`
}

/** The address of a view of documents at the same place and day. */
export function toDocuments(
  { target, asOf }: Pick<Place, 'target' | 'asOf'>,
  wanted: { [name in 'document' | 'unit' | 'words']?: string | null },
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({
    ...wanted,
    asOf,
    target: target === 'embedded' ? null : target,
  }))
    if (value !== null && value !== undefined) query.set(name, value)
  return String(query) === '' ? '/documents' : `/documents?${query}`
}

/** An answer that is read from a target: of which time it is, whether it is an older one, and what it says. */
export function Read<T extends { asOf: string; target: string }>({
  path,
  children,
}: {
  path: string
  children(data: T): ComponentChildren
}) {
  const answer = useKept(path, () => getJson<T>(path), newest.value)
  return (
    <>
      <AsOf answer={answer} />
      {answer.data !== null ? children(answer.data) : answer.problem === null && <Loading />}
    </>
  )
}

/** Of which time the answer is, and that it is an older one where the target can't be reached. */
function AsOf({ answer: { data, readAt, problem } }: { answer: Kept<{ asOf: string; target: string }> }) {
  return (
    <>
      {readAt !== null && (
        <p class="notice wait" role="status">
          Read at {absolute(readAt)}, before the target could not be reached.
        </p>
      )}
      <Trouble problem={problem} />
      {data !== null && (
        <p class="quiet">
          As of {absolute(data.asOf)}, read from {data.target}.
        </p>
      )}
    </>
  )
}
