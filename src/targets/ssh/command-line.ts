/**
 * A command for a host is an argv, quoted once for the POSIX shell that OpenSSH's server hands it to. Bytes go as they are: a file
 * name need not be UTF-8. NUL can't be in an argument of any Unix.
 */

export type Argument = string | Uint8Array

const QUOTE = Buffer.from("'\\''")
const C_LOCALE = 'exec env LC_ALL=C LANGUAGE= TZ=UTC'
/** The host ends the program itself, with all that it started: a lost connection leaves nothing that runs for ever. */
const LIMIT = 'timeout -s KILL'

/**
 * The command line that makes a POSIX shell run exactly these arguments, in place of itself (`exec`, so that a signal reaches the
 * program) and with messages and sorting that don't depend on the host's language. With a limit, the host kills it after so many seconds. Throws RangeError for an argument with NUL.
 */
export function commandLine(argv: readonly Argument[], limitSeconds?: number): Buffer {
  if (argv.length === 0) throw new RangeError('a command needs at least a program')
  const words = argv.flatMap((argument) => [Buffer.from(' '), quoteArgument(argument)])
  const limit = limitSeconds === undefined ? '' : ` ${LIMIT} ${limitSeconds.toFixed(3)}`
  return Buffer.concat([Buffer.from(C_LOCALE + limit), ...words])
}

/** One argument between single quotes, within which a POSIX shell takes every byte but the quote itself as it is. */
export function quoteArgument(argument: Argument): Buffer {
  const bytes = Buffer.from(argument as Uint8Array)
  if (bytes.includes(0)) throw new RangeError('an argument holds a NUL byte, which no command can take')
  const pieces: Buffer[] = [Buffer.from("'")]
  let from = 0
  for (let at = bytes.indexOf("'"); at !== -1; at = bytes.indexOf("'", from)) {
    pieces.push(bytes.subarray(from, at), QUOTE)
    from = at + 1
  }
  pieces.push(bytes.subarray(from), Buffer.from("'"))
  return Buffer.concat(pieces)
}

/** An argv as people read and copy it; words that need no quotes have none. */
export function formatArgv(argv: readonly Argument[]): string {
  return argv
    .map((argument) => {
      const text = Buffer.from(argument as Uint8Array).toString('utf8')
      return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : quoteArgument(argument).toString('utf8')
    })
    .join(' ')
}
