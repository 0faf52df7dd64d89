import { piecesOf } from '../client/signs.ts'

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
