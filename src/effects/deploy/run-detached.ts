import type { RunResult } from '../../targets/ssh/open-host.ts'
import { CommandFailed, type HostCommand, type HostSession } from './host-session.ts'

/**
 * Runs a command that prints the exit code of what it ran on its first line (`runInTarget`, `activate`). The result is that of what it
 * ran.
 * @throws HOST_COMMAND_FAILED when it could not run it, such as in the staging folder of another run.
 */
export async function runDetached(
  session: HostSession,
  command: HostCommand,
  timeoutMs: number,
): Promise<RunResult> {
  const result = await session.run(command, { timeoutMs })
  if (result.timedOut) return result
  const end = result.stdout.indexOf('\n')
  const first = result.stdout.subarray(0, end).toString('utf8')
  if (result.exitCode !== 0 || !/^\d+$/.test(first)) throw new CommandFailed(command, result)
  return { ...result, exitCode: Number(first), stdout: result.stdout.subarray(end + 1) }
}
