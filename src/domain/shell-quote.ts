/** Text as one word of a POSIX shell. A word that needs no quotes gets none. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const ESCAPED_QUOTE = Buffer.from("'\\''")

/**
 * Bytes as one word of a POSIX shell, always between single quotes: there the shell takes every byte as it is, apart from the quote
 * itself. A file name need not be UTF-8.
 * @throws RangeError when a byte is NUL, because no argument of a Unix program can hold it.
 */
export function shellQuoteBytes(argument: string | Uint8Array): Buffer {
  const bytes = Buffer.from(argument as Uint8Array)
  if (bytes.includes(0)) throw new RangeError('the argument holds a NUL byte, which no command can take')
  const pieces: Buffer[] = [Buffer.from("'")]
  let from = 0
  for (let at = bytes.indexOf("'"); at !== -1; at = bytes.indexOf("'", from)) {
    pieces.push(bytes.subarray(from, at), ESCAPED_QUOTE)
    from = at + 1
  }
  pieces.push(bytes.subarray(from), Buffer.from("'"))
  return Buffer.concat(pieces)
}
