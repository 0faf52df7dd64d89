import { identifyTool, type ToolIdentity } from '../../tools/identify-tool.ts'
import { findSsh, type SshUser } from './ask-ssh.ts'
import type { Argument } from './command-line.ts'
import { connectHost, formatAddress } from './connect-host.ts'
import type { HostKey } from './known-hosts.ts'
import { type RunOptions, type RunResult, runCommand } from './run-command.ts'
import {
  type HostStat,
  type PartialFile,
  putFile,
  readFileStat,
  readLinkTarget,
  withSftp,
} from './sftp-files.ts'

export type { RunResult }

/**
 * A machine reached over SSH. Everything done there is an argv, each sent as one `exec` request, or a file sent by SFTP. Errors name hosts,
 * paths and fingerprints, never a private key. A lost connection rejects with HostLost, because the outcome is not known then.
 */
export interface Host {
  /** The name by which it was opened. */
  alias: string
  /** `user@host:port` */
  address: string
  hostKey: HostKey
  /** The program that read the settings of the host. */
  ssh: ToolIdentity
  /** Runs a command. A command that fails or takes too long is a result, not an error. */
  run(argv: readonly Argument[], options: RunOptions): Promise<RunResult>
  /** Sends a local file, and continues where an earlier try ended. `mode`: permission bits. */
  put(
    local: string,
    remote: string,
    options: { mode: number; signal: AbortSignal; onProgress?(sent: number, total: number): void },
  ): Promise<{ resumedFrom: number; bytes: number }>
  /** Null when nothing has that name. A link is not followed. */
  stat(path: string): Promise<HostStat | null>
  readlink(path: string): Promise<string | null>
  close(): void
}

/**
 * Opens a host by a name of the user's ssh config.
 * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; nothing was sent then.
 * @throws CONFIG_INVALID when the configuration of ssh has something that Cutter can't follow. @throws TOOL_MISSING without ssh.
 */
export async function openHost(alias: string, user: SshUser, signal: AbortSignal): Promise<Host> {
  const { client, hostKey, settings, close } = await connectHost(alias, user, signal)
  const ssh = await identifyTool(findSsh(user.tools))
  const run = (argv: readonly Argument[], options: RunOptions) => runCommand(client, argv, options)
  return {
    alias,
    address: formatAddress(settings),
    hostKey,
    ssh,
    run,
    put: (local, remote, { mode, signal, onProgress }) =>
      withSftp(client, `${remote} was sent`, (sftp) =>
        putFile(sftp, local, remote, {
          mode,
          signal,
          partial: () => readPartialFile(run, remote, signal),
          ...(onProgress === undefined ? {} : { onProgress }),
        }),
      ),
    stat: (path) => withSftp(client, `${path} was read`, (sftp) => readFileStat(sftp, path)),
    readlink: (path) => withSftp(client, `${path} was read`, (sftp) => readLinkTarget(sftp, path)),
    close,
  }
}

/** Reads the size before the hash, because the server of a dying connection may still append bytes. */
async function readPartialFile(
  run: Host['run'],
  path: string,
  signal: AbortSignal,
): Promise<PartialFile | null> {
  const options = { timeoutMs: 600_000, maxOutputBytes: 4096, signal }
  const size = await run(['stat', '-c', '%s', '--', path], options)
  const bytes = Number(size.stdout.toString())
  if (size.exitCode !== 0 || !Number.isSafeInteger(bytes)) return null
  const hash = await run(['sh', '-c', 'head -c "$1" -- "$2" | sha256sum', 'sh', String(bytes), path], options)
  const sha256 = /^\\?([0-9a-f]{64})/.exec(hash.stdout.toString())?.[1]
  return hash.exitCode === 0 && sha256 !== undefined ? { bytes, sha256 } : null
}
