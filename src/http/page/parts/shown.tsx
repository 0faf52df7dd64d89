import { countOdd, piecesOf } from '../client/signs.ts'

/** Text that others wrote: nothing of it is hidden, and its direction stays its own. */
export function Shown({ text, lines = false }: { text: string; lines?: boolean }) {
  return (
    <bdi>
      {piecesOf(text, { lines }).map(({ text: piece, kind, note }, at) =>
        kind === 'plain' ? (
          piece
        ) : (
          <mark key={at} class={`sign-${kind}`} title={note}>
            {piece}
          </mark>
        ),
      )}
    </bdi>
  )
}

/** Says how many odd characters a text has; nothing where it has none. */
export function OddSigns({ text }: { text: string }) {
  const count = countOdd(text)
  if (count === 0) return null
  return (
    <p class="notice danger" role="alert">
      {count === 1 ? '1 place has' : `${count} places have`} characters that can’t be seen or are easily taken
      for others. They are marked.
    </p>
  )
}
