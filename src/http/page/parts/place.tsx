import { absolute } from '../client/time.ts'
import type { Kept } from '../client/use-kept.ts'
import { Trouble } from './small.tsx'

/** Where and of which day documents are read, and what of them: from the address of the view. */
export interface Place {
  target: string
  /** `YYYY-MM-DD`, which means its end in UTC; null for now. */
  asOf: string | null
  document: string | null
  unit: string | null
  words: string | null
  /** The part of the address that every request for documents has. */
  query: string
}

export function placeOf(query: URLSearchParams): Place {
  const target = query.get('target') ?? 'embedded'
  const asOf = query.get('asOf')
  return {
    target,
    asOf,
    document: query.get('document'),
    unit: query.get('unit'),
    words: query.get('words'),
    query: String(new URLSearchParams(asOf === null ? { target } : { target, asOf })),
  }
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

/** Of which time the answer is, and that it is an older one where the target can't be reached. */
export function AsOf({
  answer: { data, readAt, problem },
}: {
  answer: Kept<{ asOf?: string; target: string }>
}) {
  return (
    <>
      {readAt !== null && (
        <p class="notice wait" role="status">
          Read at {absolute(readAt)}, before the target could not be reached.
        </p>
      )}
      <Trouble problem={problem} />
      {data?.asOf !== undefined && (
        <p class="quiet">
          As of {absolute(data.asOf)}, read from {data.target}.
        </p>
      )}
    </>
  )
}
