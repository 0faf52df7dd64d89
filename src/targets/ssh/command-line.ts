import { shellQuoteBytes } from '../../domain/shell-quote.ts'

/** An argument of a command on a host. Bytes are sent as they are, because a file name need not be UTF-8. */
export type Argument = string | Uint8Array

const C_LOCALE = 'exec env LC_ALL=C LANGUAGE= TZ=UTC'
/** The host itself ends the program with all its processes, so that a lost connection leaves nothing running. */
const LIMIT = 'timeout -s KILL'

/**
 * The line that makes the POSIX shell of an OpenSSH server run exactly these arguments. `exec` replaces the shell, so that a signal
 * reaches the program. Messages and sorting don't depend on the host's language. With `limitSeconds` the host kills the program after
 * that time.
 * @throws RangeError when an argument holds NUL, or when there is no argument.
 */
export function commandLine(argv: readonly Argument[], limitSeconds?: number): Buffer {
  if (argv.length === 0) throw new RangeError('a command needs at least a program')
  const words = argv.flatMap((argument) => [Buffer.from(' '), shellQuoteBytes(argument)])
  const limit = limitSeconds === undefined ? '' : ` ${LIMIT} ${limitSeconds.toFixed(3)}`
  return Buffer.concat([Buffer.from(C_LOCALE + limit), ...words])
}
