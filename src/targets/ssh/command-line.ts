import { shellQuoteBytes } from '../../domain/shell-quote.ts'

/** An argument of a command on a host. Bytes are sent as they are, because a file name need not be UTF-8. */
export type Argument = string | Uint8Array

const C_LOCALE = 'exec env LC_ALL=C LANGUAGE= TZ=UTC'
/** The host itself ends the program with all its processes, so that a lost connection leaves nothing running. */
const LIMIT = 'timeout -s KILL'

/** The variable that marks a program with a limit. */
const SESSION = 'CUTTER_SESSION'

/**
 * The line that makes the POSIX shell of an OpenSSH server run exactly these arguments. `exec` replaces the shell, so that a signal
 * reaches the program. Messages and sorting don't depend on the host's language. With `limitSeconds` the host kills the program after
 * that time. `mark`: a value of CUTTER_SESSION that only `timeout` has, so that another session finds and ends the program's process group.
 * @throws RangeError when an argument holds NUL, or when there is no argument.
 */
export function commandLine(argv: readonly Argument[], limitSeconds?: number, mark?: string): Buffer {
  if (argv.length === 0) throw new RangeError('a command needs at least a program')
  const words = argv.flatMap((argument) => [Buffer.from(' '), shellQuoteBytes(argument)])
  const marked = mark === undefined ? ['', ''] : [` ${SESSION}=${mark}`, ` env -u ${SESSION}`]
  const limit =
    limitSeconds === undefined ? '' : `${marked[0]} ${LIMIT} ${limitSeconds.toFixed(3)}${marked[1]}`
  return Buffer.concat([Buffer.from(C_LOCALE + limit), ...words])
}

/** Ends the programs with the mark. It tries a few times, because the login shell of the host may not have started them yet. */
const END = `for try in 1 2 3 4 5; do
  found=$(grep -lsF "${SESSION}=$1" /proc/[0-9]*/environ)
  for file in $found; do pid=\${file#/proc/}; kill -KILL -- "-\${pid%/environ}"; done
  [ -z "$found" ] || exit 0
  sleep 0.1
done`

/** The command that ends a program which was started with a mark, with its process group. It needs /proc of Linux. */
export const endCommand = (mark: string): string[] => ['sh', '-c', END, 'end', mark]
