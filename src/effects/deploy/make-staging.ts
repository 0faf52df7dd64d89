import { CommandFailed, type HostSession } from './host-session.ts'
import { EXIT, stage } from './write-commands.ts'

/** Others may make entries next to the staging folder meanwhile. */
const TRIES = 50

/**
 * Makes the staging folder of a run, or uses its own from an earlier try. A missing folder is made in two requests: the host first answers the
 * time of the folder above, and then makes the staging folder only if that time is unchanged. Before the second one the claim is read again.
 * So a request that arrives when another process has made or removed the folder meanwhile makes nothing.
 * @param deployed the target of a run that is taken back
 * @throws HOST_COMMAND_FAILED when it can't be made, or belongs to another run (`EXIT.notOurs`)
 */
export async function makeStaging(
  session: HostSession,
  staging: string,
  run: string,
  deployed = '',
): Promise<void> {
  const command = stage(staging, run, deployed)
  let result = await session.run(command)
  for (let tries = 0; result.exitCode === EXIT.unseen && tries < TRIES; tries += 1) {
    const seen = result.stdout.toString('utf8').trim()
    result = await session.run({ ...command, seen })
  }
  if (result.exitCode !== 0) throw new CommandFailed(command, result)
}
