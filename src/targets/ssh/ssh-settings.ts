import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import SSHConfig from 'ssh-config'
import { CutterError } from '../../domain/errors.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { expandIncludes } from './ssh-config-include.ts'

/**
 * The settings that OpenSSH's client would read from the user's `~/.ssh/config` for a name, as far as Cutter needs them (ssh_config(5)).
 * Nothing is executed: sections under `Match exec` are left out, and a ProxyCommand is refused instead of ignored.
 */
export interface SshSettings {
  alias: string
  hostName: string
  port: number
  user: string
  /** Private keys to try, as absolute paths in order: the configured ones, otherwise OpenSSH's default names. */
  identityFiles: string[]
  /** Socket of the agent, or null. */
  agent: string | null
  /** Whether only those keys of the agent are offered that the identity files name. */
  identitiesOnly: boolean
  /** Names of the jump hosts, nearest first. Each has its own settings in the config. */
  jumps: string[]
  knownHosts: string[]
  /** The host's name in known_hosts where HostKeyAlias sets another one. */
  hostKeyAlias: string | null
  connectTimeoutMs: number
}

export interface SshUser {
  /** The folder that holds `.ssh`. */
  home: string
  env: NodeJS.ProcessEnv
  /** Where ssh and ssh-keygen are found. */
  tools: Tools
}

/** The user of this process. HOME counts, as for most programs; OpenSSH itself reads the password file instead. */
export function currentSshUser(env: NodeJS.ProcessEnv, tools: Tools): SshUser {
  const home = env.HOME
  return { home: home === undefined || home === '' ? homedir() : home, env, tools }
}

const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']

type Computed = { [directive: string]: string | string[] | undefined }

/**
 * Reads the settings of a name. A name that the config doesn't know is a host name, as for `ssh` itself. `as` overrides user and port.
 * @throws INPUT_REFUSED when the name is not a valid host name. @throws CONFIG_INVALID when the config can't be used.
 */
export function readSshSettings(
  alias: string,
  user: SshUser,
  as: { user?: string; port?: number } = {},
): SshSettings {
  if (!/^[A-Za-z0-9_.:%[\]-]+$/.test(alias) || alias.startsWith('-')) {
    throw new CutterError(
      'INPUT_REFUSED',
      `${JSON.stringify(alias)} is not a valid host name; nothing was touched`,
      {
        next: 'name a host of cutter.yaml, or an alias of ~/.ssh/config',
      },
    )
  }
  const found = computeConfig(alias, user)
  const one = (directive: string) => {
    const value = found[directive]
    return Array.isArray(value) ? value[0] : value
  }
  const all = (directive: string) => [found[directive] ?? []].flat()
  assertSupported(alias, one)
  const hostName = (one('hostname') ?? alias).replaceAll('%h', alias).replaceAll('%%', '%')
  const login = as.user ?? one('user') ?? userInfo().username
  const port = as.port ?? parseNumber(alias, 'Port', one('port') ?? '22', 65_535)
  const path = (text: string) => expandPath(text, { ...user, alias, hostName, login, port })
  const timeout = one('connecttimeout')?.toLowerCase() ?? 'none'
  const agent = one('identityagent') ?? 'SSH_AUTH_SOCK'
  const given = all('identityfile').filter((file) => file.toLowerCase() !== 'none')
  const defaults = DEFAULT_KEYS.map((name) => join(user.home, '.ssh', name))
  const files = all('userknownhostsfile').flatMap((files) => files.split(/\s+/))
  return {
    alias,
    hostName,
    port,
    user: login,
    identityFiles: given.length > 0 ? given.map(path) : defaults,
    agent: findAgentSocket(agent, user.env, path),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    jumps: parseJumps(one('proxyjump')),
    knownHosts: [
      ...(files.length > 0
        ? files.map(path)
        : ['known_hosts', 'known_hosts2'].map((name) => join(user.home, '.ssh', name))),
      '/etc/ssh/ssh_known_hosts',
    ],
    hostKeyAlias: one('hostkeyalias') ?? null,
    connectTimeoutMs:
      parseNumber(alias, 'ConnectTimeout', timeout === 'none' ? '20' : timeout, 86_400) * 1000,
  }
}

function computeConfig(alias: string, { home }: SshUser): Computed {
  const file = join(home, '.ssh', 'config')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw unreadableError(file, cause)
  }
  try {
    const config = SSHConfig.parse(expandIncludes(text, home))
    return config.compute(alias, { ignoreCase: true, matchExec: false }) as Computed
  } catch (cause) {
    throw unreadableError(file, cause)
  }
}

function unreadableError(file: string, cause: unknown): CutterError {
  return new CutterError('CONFIG_INVALID', `${file} can't be read: ${(cause as Error).message}`, {
    next: 'correct the file; `ssh -G <host>` reads it too',
    cause,
  })
}

function parseNumber(alias: string, directive: string, text: string, most: number): number {
  const found = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (found >= 1 && found <= most) return found
  throw new CutterError(
    'CONFIG_INVALID',
    `host ${alias} has the ${directive} ${JSON.stringify(text)} in ~/.ssh/config, which is not a number from 1 to ${most}; nothing was touched`,
    { next: 'correct the file; `ssh -G <host>` reads it too' },
  )
}

function assertSupported(alias: string, one: (directive: string) => string | undefined): void {
  const command = one('proxycommand')
  if (command === undefined || command.toLowerCase() === 'none') return
  throw new CutterError(
    'CONFIG_INVALID',
    `host ${alias} has a ProxyCommand in ~/.ssh/config, which Cutter doesn't run; nothing was touched`,
    { next: 'use ProxyJump, which does the same through another host' },
  )
}

const parseJumps = (text: string | undefined) =>
  text === undefined || text.toLowerCase() === 'none' ? [] : text.split(',').map((jump) => jump.trim())

function findAgentSocket(
  setting: string,
  env: NodeJS.ProcessEnv,
  path: (text: string) => string,
): string | null {
  if (setting.toLowerCase() === 'none') return null
  const variable = setting === 'SSH_AUTH_SOCK' ? setting : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(setting)?.[1]
  const socket = variable === undefined ? path(setting) : env[variable]
  return socket === undefined || socket === '' ? null : socket
}

interface Tokens extends SshUser {
  alias: string
  hostName: string
  login: string
  port: number
}

/** A path of the config with OpenSSH's tokens and `~` replaced. */
function expandPath(text: string, { home, alias, hostName, login, port }: Tokens): string {
  const tokens: { [token: string]: string } = {
    '%%': '%',
    '%d': home,
    '%h': hostName,
    '%n': alias,
    '%p': String(port),
    '%r': login,
    '%u': userInfo().username,
  }
  const filled = text.replace(/%[%dhnpru]/g, (token) => tokens[token]!)
  return resolve(home, filled.replace(/^~(?=\/|$)/, home))
}
