import type { RunResult } from '../../targets/ssh/open-host.ts'
import { CommandFailed, type HostCommand, type HostSession } from './host-session.ts'

/** Time that the script may take besides. */
const SCRIPT_MS = 150_000

/** Bytes of the beginning and of the end of each output that are shown. A shorter output than both is shown completely. */
export const SHOWN_BYTES = 4_000_000

/**
 * Runs a command that prints the exit code of what it ran on its first line (`runInTarget`, `activate`), with `cut` after it where an
 * output was too long. The result is that of what it ran.
 * @throws HOST_COMMAND_FAILED when it could not run it, such as in the staging folder of another run.
 */
export async function runDetached(
  session: HostSession,
  command: HostCommand,
  timeoutMs: number,
): Promise<RunResult> {
  // The script itself ends what it ran, so that it can still show what that printed.
  const result = await session.run(command, {
    timeoutMs: timeoutMs + SCRIPT_MS,
    maxOutputBytes: 2 * SHOWN_BYTES + 1024,
  })
  if (result.timedOut) return result
  const end = result.stdout.indexOf('\n')
  const [, code, cut] = /^(\d+|overdue)( cut)?$/.exec(result.stdout.subarray(0, end).toString('utf8')) ?? []
  if (result.exitCode !== 0 || code === undefined) throw new CommandFailed(command, result)
  const printed = { ...result, stdout: result.stdout.subarray(end + 1), truncated: cut !== undefined }
  return code === 'overdue'
    ? { ...printed, exitCode: null, timedOut: true }
    : { ...printed, exitCode: Number(code) }
}
