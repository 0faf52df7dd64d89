/** An error of the server, with the fields of its answer: https://www.postgresql.org/docs/current/protocol-error-fields.html */
interface ServerAnswer extends Error {
  detail?: string
  hint?: string
  /** SQLSTATE. */
  code?: string
  /** Where in the statement it is. The server knows that of literals, and not of values that it reads from rows. */
  position?: string
}

/** Longer details, such as a list of all dependent objects, are cut. */
const LONGEST = 1_000

/** The message of an error with the DETAIL and HINT of the server, without values of rows: a history keeps what it is given. */
export function serverMessage(error: unknown): string {
  const { message, detail, hint, position, code = '' } = error as ServerAnswer
  const text = code.startsWith('22') && position === undefined ? withoutQuoted(message) : message
  const parts = [text, ...(detail ? [withoutValues(detail, code)] : []), ...(hint ? [hint] : [])]
  return parts
    .map((part) =>
      part
        .replace(/[.;]\s*$/, '')
        .trim()
        .slice(0, LONGEST),
    )
    .join('; ')
}

/** Replaces the value that a data exception (class 22) quotes, and not the names that it quotes. */
const withoutQuoted = (message: string): string =>
  message
    .replace(/: ".*"$/s, ': "…"')
    .replace(/^".*"(?= is )/s, '"…"')
    .replace(/\b(value|time zone) ".*"(?= )/s, '$1 "…"')

/**
 * Replaces the values of rows in a DETAIL by `…`. Violated constraints (class 23) show keys and rows, and data exceptions (class 22) the
 * value; other errors name objects.
 */
function withoutValues(detail: string, code: string): string {
  if (!/^2[23]/.test(code) && !/\)=\(|row contains/.test(detail)) return detail
  return detail
    .replace(/\b(row contains) \(.*\)/gs, '$1 (…)')
    .replace(
      /\)=\(.*?\)(?=(?: (?:already exists|is not present|is still referenced|is duplicated|conflicts with)|[.,]?$))/gs,
      ')=(…)',
    )
    .replace(code.startsWith('22') ? /"[^"]*"/g : /(?!)/g, '"…"')
}
