import { Stop } from '../../domain/errors.ts'
import type { HostCommand, HostSession } from './host-session.ts'
import { defineRead } from './read-commands.ts'

/** Signs that shells of other families read otherwise than a POSIX shell. */
const MARK = `cutter ! ' " $HOME \\\\ * ~\nmark`
const GIVEN = 'given\n'

/** Prints the mark to both outputs, and what it is given. */
const probe = defineRead('probe', 'printf "%s\\n" "$1"; cat; printf "%s\\n" "$1" >&2', MARK)
/** Needs no quotes of its own, so that any shell runs it. */
const whichShell: HostCommand = { id: 'shell', kind: 'read', argv: ['printenv', 'SHELL'] }

/**
 * Sends a mark through everything that a deploy uses of a connection: an argument, standard input, and both outputs. What a host adds or
 * changes there would spoil each later command.
 * @throws STOP_PREFLIGHT_FAILED with the cause by name when the mark does not return as it was sent
 */
export async function assertUsableShell(session: HostSession): Promise<void> {
  const result = await session.run(probe, { stdin: Buffer.from(GIVEN) })
  const [stdout, stderr] = [result.stdout.toString('utf8'), result.stderr.toString('utf8')]
  const expected = `${MARK}\n${GIVEN}`
  if (stdout === expected && stderr.includes(MARK)) return
  const at = stdout.indexOf(expected)
  if (at >= 0) {
    const added = stdout.slice(0, at) + stdout.slice(at + expected.length)
    throw unusableError(
      session,
      added === ''
        ? 'standard error of commands does not arrive'
        : `each command prints text of the host itself, such as ${quote(added)}`,
      'let the rc files of the login shell print only where [ -t 1 ], and let a ForceCommand print nothing',
    )
  }
  throw await findCause(session, result.exitCode, stdout, stderr)
}

async function findCause(
  session: HostSession,
  exitCode: number | null,
  stdout: string,
  stderr: string,
): Promise<Stop> {
  const again = await session.run(whichShell)
  const other = again.stdout.toString('utf8')
  const shell = other.trim().split('\n').at(-1)!
  const printed = quote(stdout.trim() === '' ? stderr : stdout)
  if (again.exitCode === 0 && /^\/\S+$/.test(shell) && other !== stdout)
    return unusableError(
      session,
      `the login shell of the user is ${shell}, which reads commands otherwise than a POSIX shell: ${printed}`,
      'give the user a login shell such as /bin/sh or /bin/bash (chsh -s)',
    )
  if (exitCode === 0 || other === stdout)
    return unusableError(
      session,
      `the host runs a command of its own instead of the one that is sent (ForceCommand, or command= of authorized_keys), which printed ${printed}`,
      'let the key of this user run commands',
    )
  return unusableError(
    session,
    `the user can run no command there: it ended with ${exitCode} and printed ${printed}`,
    'give the user a login shell, and let sshd run commands',
  )
}

const quote = (text: string) => JSON.stringify(text.trim().slice(0, 200))

function unusableError({ host: { address } }: HostSession, why: string, next: string): Stop {
  return new Stop(
    'STOP_PREFLIGHT_FAILED',
    `${address} can't be deployed to: ${why}; the host was not touched`,
    {
      next: `${next}; then: cutter run resume <run>`,
    },
  )
}
