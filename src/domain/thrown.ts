/**
 * What somebody's code threw, as text. Anything can be thrown, also what has no text of its own or throws when it is read.
 */

const LONGEST = 2_000

/** The message of what was thrown; of what is no Error, its text or JSON. A very long one is cut. */
export function messageOfThrown(thrown: unknown): string {
  const text = readSafely(() => (thrown instanceof Error ? String(thrown.message) : textOf(thrown)))
  if (text === null) return 'something that has no text'
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`
}

/** The stack of what was thrown. Empty when it has none. */
export function stackOfThrown(thrown: unknown): string {
  const stack = readSafely(() => (thrown instanceof Error ? thrown.stack : undefined))
  return typeof stack === 'string' ? stack : ''
}

const textOf = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null ? (JSON.stringify(thrown) ?? '') : String(thrown)

function readSafely<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch {
    return null
  }
}
