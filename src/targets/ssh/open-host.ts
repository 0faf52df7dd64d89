import { identifyTool, type ToolIdentity } from '../../tools/identify-tool.ts'
import { findSsh, type SshUser } from './ask-ssh.ts'
import type { Argument } from './command-line.ts'
import { connectHost } from './connect-host.ts'
import { openControlConnection } from './control-connection.ts'
import { createControlTransport } from './control-transport.ts'
import { formatAddress } from './host-errors.ts'
import type { HostKey } from './known-hosts.ts'
import { NeedsSsh } from './needs-ssh.ts'
import { type RunOptions, type RunResult, runCommand } from './run-command.ts'
import { type SendOptions, type SentFile, sendFile } from './send-file.ts'
import { readSshSettings, type SshSettings } from './ssh-settings.ts'
import { createSsh2Transport } from './ssh2-transport.ts'
import type { Transport } from './transport.ts'

export type { RunResult, SentFile }

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
  /** What connects: the package ssh2, or ssh itself, with what only ssh can do. */
  transport: HostTransport
  /** Runs a command. A command that fails or takes too long is a result, not an error. */
  run(argv: readonly Argument[], options: RunOptions): Promise<RunResult>
  /** Sends a local file, and continues where an earlier try ended. */
  put(local: string, remote: string, options: SendOptions): Promise<SentFile>
  /** Whether the connection stands, as far as this side knows. */
  isOpen(): boolean
  close(): void
}

/** What connects to a host. */
interface HostTransport {
  name: 'ssh2' | 'ssh'
  needs: readonly string[]
}

/**
 * Opens a host by a name of the user's ssh config.
 * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; nothing was sent then.
 * @throws CONFIG_INVALID when the configuration of ssh has something that Cutter can't follow. @throws TOOL_MISSING without ssh.
 */
export async function openHost(alias: string, user: SshUser, signal: AbortSignal): Promise<Host> {
  const settings = await readSshSettings(alias, user, signal)
  const ssh = await identifyTool(findSsh(user.tools))
  const { transport, hostKey, used } = await connect(settings, user, signal)
  return {
    alias,
    address: formatAddress(settings),
    hostKey,
    ssh,
    transport: used,
    run: (argv, options) => runCommand(transport, argv, options),
    put: (local, remote, options) => sendFile(transport, local, remote, options),
    isOpen: () => transport.isOpen(),
    close: transport.close,
  }
}

interface Connected {
  transport: Transport
  hostKey: HostKey
  used: HostTransport
}

/** Connects with the package ssh2, which needs no process for a command, and with ssh where ssh2 can't. */
async function connect(settings: SshSettings, user: SshUser, signal: AbortSignal): Promise<Connected> {
  try {
    const { client, hostKey, close } = await connectHost(settings, user, signal)
    return { transport: createSsh2Transport(client, close), hostKey, used: { name: 'ssh2', needs: [] } }
  } catch (error) {
    if (!(error instanceof NeedsSsh)) throw error
    const connection = await openControlConnection(settings, user, signal)
    const used: HostTransport = { name: 'ssh', needs: error.needs }
    return { transport: createControlTransport(connection), hostKey: connection.hostKey, used }
  }
}
