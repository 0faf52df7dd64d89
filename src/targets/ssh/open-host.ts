import { identifyTool, type ToolIdentity } from '../../tools/identify-tool.ts'
import { findSsh, type SshUser } from './ask-ssh.ts'
import type { Argument } from './command-line.ts'
import { connectHost, formatAddress } from './connect-host.ts'
import type { HostKey } from './known-hosts.ts'
import { type RunOptions, type RunResult, runCommand } from './run-command.ts'
import { sendFile } from './send-file.ts'
import { createSsh2Transport } from './ssh2-transport.ts'

export type { RunResult }

/**
 * A machine reached over SSH. Everything done there is an argv, each sent as one `exec` request. A file goes over the standard input of such a command. Errors name hosts,
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
    options: { mode: number; signal: AbortSignal },
  ): Promise<{ resumedFrom: number; bytes: number }>
  /** Whether the connection stands, as far as this side knows. */
  isOpen(): boolean
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
  const transport = createSsh2Transport(client, close)
  return {
    alias,
    address: formatAddress(settings),
    hostKey,
    ssh,
    run: (argv, options) => runCommand(transport, argv, options),
    put: (local, remote, options) => sendFile(transport, local, remote, options),
    isOpen: () => transport.isOpen(),
    close: transport.close,
  }
}
