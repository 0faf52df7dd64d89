import { isIP } from 'node:net'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { chooseAlgorithms, type HostAlgorithms } from './algorithms.ts'
import { askSsh, type LoginOverride, type PrintedSettings, type SshUser } from './ask-ssh.ts'
import { orNeed } from './needs-ssh.ts'
import { expandTokens, splitFiles } from './setting-values.ts'
import { listNeeds, unsupportedError } from './supported-settings.ts'

/** The settings with which the user's ssh would connect to a name, as far as Cutter needs them (ssh_config(5)). */
export interface SshSettings {
  alias: string
  hostName: string
  port: number
  user: string
  /** 0: any. */
  addressFamily: 0 | 4 | 6
  bindAddress: string | null
  /** Files of keys to try, as absolute paths in order. Each may be a private key or its public half. */
  identityFiles: string[]
  /** Those of them that a configuration names. The others are ssh's own defaults, which may be missing. */
  namedIdentityFiles: string[]
  /** Socket of the agent, or null. */
  agent: string | null
  /** Whether only those keys of the agent are offered that the identity files name. */
  identitiesOnly: boolean
  /** Jump hosts, the one that is connected to first first. Each has its own settings. */
  jumps: string[]
  /** The command that connects to the host, with its tokens replaced. */
  proxyCommand: string | null
  knownHosts: string[]
  /** A file of revoked host keys, as ssh names it. */
  revokedHostKeys: string | null
  /** The host's name in known_hosts where HostKeyAlias sets another one. */
  hostKeyAlias: string | null
  /** Whether known_hosts must not have another key for the host's address. */
  checkHostIp: boolean
  algorithms: HostAlgorithms
  /** Keys of RSA with fewer bits count for nothing. */
  minimumRsaBits: number
  connectTimeoutMs: number
  /** Files of certificates to log in with. */
  certificateFiles: string[]
  /** What was asked for instead of the configuration's user, port and jump hosts. */
  as: LoginOverride
  /** The settings that only the system's ssh can follow. Without one, the package ssh2 connects. */
  needs: string[]
}

/** What ssh itself accepts as the name of a host. A user before an @ is refused, because the name has to be that of a block. */
const HOST_NAME = /^(?!-)(?!ssh:\/\/)[^\s\p{Cc}'"`$\\;&<>|(){}@*?]+$/u

/** How long Cutter waits for a host where ConnectTimeout doesn't say it. */
const CONNECT_TIMEOUT_SECONDS = 20

/**
 * Reads the settings of a name. A name that the configuration doesn't know is a host name, as for `ssh` itself.
 * @throws INPUT_REFUSED when the name is not a valid host name. @throws CONFIG_INVALID when the configuration can't be used.
 * @throws TOOL_MISSING without ssh.
 */
export async function readSshSettings(
  alias: string,
  user: SshUser,
  signal: AbortSignal,
  as: LoginOverride = {},
): Promise<SshSettings> {
  if (!HOST_NAME.test(alias)) {
    throw new CutterError(
      'INPUT_REFUSED',
      `${JSON.stringify(alias)} is not a valid host name; nothing was touched`,
      {
        next: 'name a host of cutter.yaml, or an alias of ~/.ssh/config',
      },
    )
  }
  const { settings, defaults } = await askSsh(alias, user, as, signal)
  const needs = listNeeds(alias, settings, defaults)
  const given = (name: string) => findValue(settings, name)
  const hostName = given('Hostname') ?? alias
  const port = Number(given('Port') ?? 22)
  const login = given('User') ?? userInfo().username
  const hostKeyAlias = given('HostKeyAlias')
  const expand = (name: string) => (value: string) =>
    expandTokens(value, { alias, name, user, hostName, port, login, hostKeyAlias })
  const listFiles = (name: string, without: string[] = []) =>
    (settings.get(name.toLowerCase()) ?? [])
      .filter((file) => file.toLowerCase() !== 'none' && !without.includes(file))
      .flatMap((file) => orNeed(needs, () => [resolve(expand(name)(file))], []))
  const command = given('ProxyCommand')
  const timeout = Number(given('ConnectTimeout') ?? CONNECT_TIMEOUT_SECONDS)
  return {
    alias,
    hostName,
    port,
    user: login,
    addressFamily: readFamily(alias, hostName, given('AddressFamily') ?? 'any'),
    bindAddress: given('BindAddress'),
    identityFiles: listFiles('IdentityFile'),
    namedIdentityFiles: listFiles('IdentityFile', defaults.get('identityfile')),
    agent: findAgentSocket(given('IdentityAgent'), settings, user.env),
    identitiesOnly: given('IdentitiesOnly') === 'yes',
    jumps: given('ProxyJump')?.split(',') ?? [],
    proxyCommand: command === null ? null : orNeed(needs, () => expand('ProxyCommand')(command), null),
    knownHosts: ['UserKnownHostsFile', 'GlobalKnownHostsFile'].flatMap((name) =>
      orNeed(needs, () => splitFiles(given(name) ?? '', name), []),
    ),
    revokedHostKeys: given('RevokedHostKeys'),
    hostKeyAlias,
    checkHostIp: given('CheckHostIP') === 'yes' && hostKeyAlias === null,
    algorithms: chooseAlgorithms(settings, defaults, needs),
    minimumRsaBits: Number(given('RequiredRSASize') ?? 0),
    connectTimeoutMs: timeout * 1000,
    certificateFiles: listFiles('CertificateFile'),
    as,
    needs,
  }
}

function readFamily(alias: string, hostName: string, value: string): 0 | 4 | 6 {
  const family = value === 'inet' ? 4 : value === 'inet6' ? 6 : 0
  if (family === 0 || [0, family].includes(isIP(hostName))) return family
  const why = `${hostName} is an address of another family`
  throw unsupportedError(alias, 'AddressFamily', value, why, 'correct HostName or AddressFamily')
}

/** The value of a setting that has one. Null when it is not set, or is `none`. */
function findValue(settings: PrintedSettings, name: string): string | null {
  const value = settings.get(name.toLowerCase())?.[0] ?? 'none'
  return value.toLowerCase() === 'none' ? null : value
}

/** IdentityAgent names a socket, or a variable that holds one. Without it, SSH_AUTH_SOCK does. */
function findAgentSocket(
  setting: string | null,
  settings: PrintedSettings,
  env: NodeJS.ProcessEnv,
): string | null {
  if (setting === null && settings.has('identityagent')) return null
  const name =
    setting === null || setting === 'SSH_AUTH_SOCK' ? 'SSH_AUTH_SOCK' : /^\$(\w+)$/.exec(setting)?.[1]
  const socket = name === undefined ? setting : env[name]
  return socket === undefined || socket === null || socket === '' ? null : socket
}
