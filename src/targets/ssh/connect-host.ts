import ssh2, { type Client, type ConnectConfig } from 'ssh2'
import type { SshUser } from './ask-ssh.ts'
import { hostRefusedError, unreachableError } from './host-errors.ts'
import { type HostKeyRules, judgeHostKey, readHostKeyRules } from './judge-host-key.ts'
import { readNearestJump } from './jump-hosts.ts'
import { findSshKeygen, type HostKey, orderHostKeyAlgorithms, parseHostKey } from './known-hosts.ts'
import { type Logins, listLogins } from './login-keys.ts'
import { NeedsSsh } from './needs-ssh.ts'
import { type HostSocket, openSocket } from './open-socket.ts'
import type { SshSettings } from './ssh-settings.ts'

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
 * Connects to a host with the package ssh2.
 * @throws NeedsSsh when only the system's ssh can connect to it, or to a host on the way.
 * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; nothing was sent then.
 * @throws CONFIG_INVALID when ssh's configuration has something that Cutter can't follow. @throws TOOL_MISSING without ssh or ssh-keygen.
 */
export function connectHost(settings: SshSettings, user: SshUser, signal: AbortSignal): Promise<Connection> {
  return connectThroughJumps(settings, user, signal, [])
}

async function connectThroughJumps(
  settings: SshSettings,
  user: SshUser,
  signal: AbortSignal,
  passed: string[],
): Promise<Connection> {
  const login = await prepareLogin(settings, user)
  const nearer = await readNearestJump(settings, user, signal, passed)
  if (nearer === null) return connectTo(login, () => openSocket(settings, user), signal)
  const jumpHost = await connectThroughJumps(nearer, user, signal, [...passed, settings.alias])
  try {
    return await connectTo(login, () => forwardTo(jumpHost, settings), signal)
  } catch (error) {
    jumpHost.close()
    throw error
  }
}

function forwardTo(jumpHost: Connection, settings: SshSettings): Promise<HostSocket> {
  const close = async () => {
    jumpHost.close()
    return ''
  }
  return new Promise((resolve, reject) => {
    jumpHost.client.forwardOut('127.0.0.1', 0, settings.hostName, settings.port, (error, stream) => {
      if (error === undefined) resolve({ stream, address: () => null, close })
      else reject(unreachableError(settings, `the jump host can't reach it: ${error.message}`))
    })
  })
}

interface Login {
  rules: HostKeyRules
  logins: Logins
}

/** @throws NeedsSsh when only the system's ssh can log in. Nothing was sent then. */
async function prepareLogin(settings: SshSettings, { tools }: SshUser): Promise<Login> {
  const sshKeygen = findSshKeygen(tools)
  const [rules, logins] = await Promise.all([
    readHostKeyRules(settings, sshKeygen),
    listLogins(settings, sshKeygen),
  ])
  const byAuthority = rules.known.some(({ marker }) => marker === 'cert-authority')
  const needs = [...settings.needs, ...logins.needs, ...(byAuthority ? ['a host certificate'] : [])]
  if (needs.length > 0) throw new NeedsSsh(needs)
  return { rules, logins }
}

async function connectTo(
  { rules, logins }: Login,
  open: () => HostSocket | Promise<HostSocket>,
  signal: AbortSignal,
): Promise<Connection> {
  const { settings } = rules
  const socket = await open()
  // The stream may fail before the client listens to it; the client sees that it is closed.
  socket.stream.on('error', () => undefined)
  const shown = createKeyJudge(rules, socket)
  const client = new ssh2.Client()
  try {
    await waitUntilReady(client, createClientConfig(rules, logins, socket, shown), signal)
  } catch (error) {
    const output = await socket.close()
    throw shown.fault() ?? connectError(settings, logins, output, error as SshError)
  }
  const close = () => {
    client.end()
    void socket.close()
  }
  return { client, hostKey: shown.key()!, settings, close }
}

/** Keeps the key that a host shows, and why it can't be trusted. */
interface KeyJudge {
  verify(blob: Buffer, answer: (isTrusted: boolean) => void): void
  key(): HostKey | null
  fault(): Error | null
}

function createKeyJudge(rules: HostKeyRules, socket: HostSocket): KeyJudge {
  let key: HostKey | null = null
  let fault: Error | null = null
  return {
    verify(blob, answer) {
      key = parseHostKey(blob)
      judgeHostKey(blob, socket.address(), rules)
        .catch((error: Error) => error)
        .then((found) => {
          fault = found
          answer(found === null)
        })
    },
    key: () => key,
    fault: () => fault,
  }
}

function createClientConfig(
  { settings, known }: HostKeyRules,
  logins: Logins,
  socket: HostSocket,
  { verify }: KeyJudge,
): ConnectConfig {
  const { kex, ciphers, macs, hostKeys } = settings.algorithms
  const algorithms = {
    serverHostKey: orderHostKeyAlgorithms(known, hostKeys),
    ...(kex === null ? {} : { kex }),
    ...(ciphers === null ? {} : { cipher: ciphers }),
    ...(macs === null ? {} : { hmac: macs }),
  }
  return {
    host: settings.hostName,
    port: settings.port,
    username: settings.user,
    readyTimeout: settings.connectTimeoutMs,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVES_MISSED,
    algorithms: algorithms as never,
    authHandler: [...logins.methods] as never,
    hostVerifier: verify,
    sock: socket.stream,
  }
}

type SshError = Error & { level?: string }

/** Rejects with the client's first error. The client is destroyed then. */
function waitUntilReady(client: Client, config: ConnectConfig, signal: AbortSignal): Promise<void> {
  // Errors after the connection is ready are reported by the commands that run on it.
  client.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    const abort = () => client.destroy()
    const fail = (why: SshError) => {
      signal.removeEventListener('abort', abort)
      client.destroy()
      reject(why)
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
}

/** `output`: what a program that connects to the host printed. */
function connectError(settings: SshSettings, logins: Logins, output: string, error: SshError): Error {
  if (error.level === 'client-authentication') return hostRefusedError(settings, logins)
  // Client and server have no algorithm in common. The system's ssh may have one.
  if (error.level === 'handshake' && /no matching/i.test(error.message)) return new NeedsSsh([error.message])
  return unreachableError(settings, [error.message, output].filter((text) => text !== '').join(': '))
}
