import type { Duplex } from 'node:stream'
import ssh2, { type Client, type ConnectConfig } from 'ssh2'
import { Stop } from '../../domain/errors.ts'
import {
  findHostKeyFault,
  formatKnownHostsName,
  type HostKey,
  listKnownKeys,
  orderHostKeyAlgorithms,
  parseHostKey,
} from './known-hosts.ts'
import { listLogins } from './login-keys.ts'
import { readSshSettings, type SshSettings, type SshUser } from './ssh-settings.ts'

/** A connection to a host that showed a known key and let the user in. It goes through other hosts where the config says so. */
export interface Connection {
  client: Client
  hostKey: HostKey
  settings: SshSettings
  close(): void
}

/** A dead connection is noticed after three unanswered keepalives, as with ServerAliveInterval of ssh_config(5). */
const KEEPALIVE_MS = 5_000
const KEEPALIVES_MISSED = 3

/**
 * Connects to a host by a name of the ssh config.
 * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; nothing was sent then.
 */
export async function connectHost(alias: string, user: SshUser, signal: AbortSignal): Promise<Connection> {
  return connectThroughJumps(readSshSettings(alias, user), user, signal, [])
}

async function connectThroughJumps(
  settings: SshSettings,
  user: SshUser,
  signal: AbortSignal,
  passed: string[],
): Promise<Connection> {
  if (passed.includes(settings.alias))
    throw unreachableError(settings, `its ProxyJump leads into a circle: ${passed.join(', ')}`)
  const jump = settings.jumps.at(-1)
  if (jump === undefined) return connectTo(settings, null, user, signal)
  const nearer = readJumpSettings(jump, user)
  // Each jump host may itself be reached through the ones before it.
  const before = settings.jumps.slice(0, -1)
  const jumpHost = await connectThroughJumps(
    before.length > 0 ? { ...nearer, jumps: before } : nearer,
    user,
    signal,
    [...passed, settings.alias],
  )
  try {
    const sock = await forwardTo(jumpHost.client, settings)
    const connection = await connectTo(settings, sock, user, signal)
    return {
      ...connection,
      close() {
        connection.close()
        jumpHost.close()
      },
    }
  } catch (error) {
    jumpHost.close()
    throw error
  }
}

/** Reads a jump host: `[user@]host[:port]`, or the same after `ssh://`. */
function readJumpSettings(jump: string, user: SshUser): SshSettings {
  const [, login, name, port] = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(jump) ?? []
  return readSshSettings((name ?? jump).replace(/^\[|\]$/g, ''), user, {
    ...(login === undefined ? {} : { user: login }),
    ...(port === undefined ? {} : { port: Number(port) }),
  })
}

function forwardTo(client: Client, settings: SshSettings): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, settings.hostName, settings.port, (error, stream) => {
      if (error === undefined) resolve(stream)
      else reject(unreachableError(settings, `the jump host can't reach it: ${error.message}`))
    })
  })
}

async function connectTo(
  settings: SshSettings,
  sock: Duplex | null,
  { tools }: SshUser,
  signal: AbortSignal,
): Promise<Connection> {
  const name = formatKnownHostsName(
    settings.hostKeyAlias ?? settings.hostName,
    settings.hostKeyAlias === null ? settings.port : 22,
  )
  const known = await listKnownKeys(name, settings.knownHosts, tools)
  const logins = listLogins(settings)
  const seen: { key: HostKey | null; fault: Stop | null } = { key: null, fault: null }
  const config: ConnectConfig = {
    host: settings.hostName,
    port: settings.port,
    username: settings.user,
    readyTimeout: settings.connectTimeoutMs,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVES_MISSED,
    algorithms: { serverHostKey: orderHostKeyAlgorithms(known) as never },
    authHandler: [...logins.methods] as never,
    hostVerifier(blob: Buffer) {
      seen.key = parseHostKey(blob)
      seen.fault = findHostKeyFault(name, blob, known)
      return seen.fault === null
    },
    ...(sock === null ? {} : { sock }),
  }
  const client = new ssh2.Client()
  // Errors after the connection is ready are reported by the commands that run on it.
  client.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    const abort = () => client.destroy()
    const fail = (why: Error & { level?: string }) => {
      signal.removeEventListener('abort', abort)
      client.destroy()
      reject(
        seen.fault ??
          (why.level === 'client-authentication'
            ? hostRefusedError(settings, logins)
            : unreachableError(settings, why.message)),
      )
    }
    if (signal.aborted) return fail(new Error('it was interrupted'))
    signal.addEventListener('abort', abort, { once: true })
    client.once('error', fail)
    client.once('close', () => fail(new Error('the connection was closed')))
    client.once('ready', () => {
      signal.removeEventListener('abort', abort)
      client.removeAllListeners('close')
      client.removeListener('error', fail)
      resolve()
    })
    client.connect(config)
    // A command is two small packets. Without this, the second would wait for the answer to the first.
    client.setNoDelay(true)
  })
  return { client, hostKey: seen.key!, settings, close: () => client.end() }
}

/** The address of a host for messages and plans: `user@host:port`, with the name that the SSH configuration resolved. */
export const formatAddress = ({ user, hostName, port }: SshSettings) => `${user}@${hostName}:${port}`

function unreachableError(settings: SshSettings, why: string): Stop {
  return new Stop(
    'STOP_HOST_UNREACHABLE',
    `host ${settings.alias} (${formatAddress(settings)}) can't be reached: ${why}; nothing was sent this time`,
    {
      next: `check that this works: ssh ${settings.alias} true; then cutter run resume <run>`,
      data: { host: settings.alias, address: formatAddress(settings) },
    },
  )
}

function hostRefusedError(
  settings: SshSettings,
  { tried, notes }: { tried: string[]; notes: string[] },
): Stop {
  const what =
    tried.length === 0 ? 'there is no key to log in with' : `it accepted none of ${tried.join(', ')}`
  const more = notes.length === 0 ? '' : ` (${notes.join('; ')})`
  return new Stop(
    'STOP_HOST_REFUSED',
    `host ${settings.alias} (${formatAddress(settings)}) does not let the user in: ${what}${more}; nothing was sent this time`,
    {
      next: 'name the key with IdentityFile in ~/.ssh/config, or put it into the agent with ssh-add',
      data: { host: settings.alias, address: formatAddress(settings), tried, notes },
    },
  )
}
