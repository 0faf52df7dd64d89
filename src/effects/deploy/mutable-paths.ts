/**
 * Paths below a release that its program may change, as patterns: one `*` stands for characters of one name, two stand for any path. A pattern also
 * covers everything below the paths that it matches.
 */

/** What a pattern of `mutable` must look like. */
export const MUTABLE_PATTERN = /^(?!\/)(?!(?:.*\/)?\.\.?(?:\/|$))[^\p{Cc}]+$/u

/** The patterns as one POSIX extended regular expression of relative paths; null where there are none. */
export function mutableExpression(patterns: string[]): string | null {
  if (patterns.length === 0) return null
  return `(${patterns.map(expressionOf).join('|')})(/.*)?`
}

const expressionOf = (pattern: string) =>
  pattern
    .replace(/\/+$/, '')
    .split(/(\*+)/)
    .map((part) =>
      part.startsWith('*') ? (part.length > 1 ? '.*' : '[^/]*') : part.replace(/[.+?^$()[\]{}|\\]/g, '\\$&'),
    )
    .join('')

/** Whether a path is one that the program may change. */
export function createIsMutable(patterns: string[]): (path: string) => boolean {
  const expression = mutableExpression(patterns)
  if (expression === null) return () => false
  const complete = new RegExp(`^(?:${expression})$`, 's')
  return (path) => complete.test(path)
}
