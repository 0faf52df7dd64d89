import { CutterError } from '../../domain/errors.ts'
import type { PrintedSettings } from './ask-ssh.ts'

/** The settings of ssh_config(5) that decide how Cutter connects, as `ssh -G` prints them. */
const USED = `Host Hostname Port User AddressFamily BindAddress ConnectTimeout ProxyJump ProxyCommand IdentityFile
IdentitiesOnly IdentityAgent PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes RequiredRSASize
UserKnownHostsFile GlobalKnownHostsFile RevokedHostKeys HostKeyAlias CheckHostIP Ciphers MACs KexAlgorithms
HostKeyAlgorithms`

/** ssh has applied these before it prints the others. */
const APPLIED = `CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname CanonicalizeMaxDots
CanonicalizePermittedCNAMEs IgnoreUnknown Tag`

/** Cutter accepts only keys that known_hosts has, and adds none, whatever these say. */
const STRICTER = `StrictHostKeyChecking NoHostAuthenticationForLocalhost VerifyHostKeyDNS UpdateHostKeys HashKnownHosts
VisualHostKey FingerprintHash CASignatureAlgorithms`

/** Cutter logs in with keys of files and of the agent, and tries none of these. Nobody is there to type a password. */
const OTHER_LOGINS = `GSSAPIAuthentication GSSAPIClientIdentity GSSAPIDelegateCredentials GSSAPIKexAlgorithms GSSAPIKeyExchange
GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDns HostbasedAuthentication
HostbasedAcceptedAlgorithms HostbasedKeyTypes EnableSSHKeysign KbdInteractiveAuthentication
KbdInteractiveDevices ChallengeResponseAuthentication PasswordAuthentication NumberOfPasswordPrompts
BatchMode SecurityKeyProvider AddKeysToAgent UseKeychain`

/** Cutter opens connections of its own, forwards nothing, and asks for no terminal. */
const OWN_CONNECTION = `ControlMaster ControlPath ControlPersist ForwardAgent ForwardX11 ForwardX11Timeout ForwardX11Trusted
LocalForward RemoteForward DynamicForward PermitRemoteOpen GatewayPorts ClearAllForwardings
ExitOnForwardFailure StreamLocalBindMask StreamLocalBindUnlink Tunnel TunnelDevice XAuthLocation
LocalCommand PermitLocalCommand EnableEscapeCommandline EscapeChar RequestTTY StdinNull
ForkAfterAuthentication SendEnv SetEnv Compression TCPKeepAlive ServerAliveInterval ServerAliveCountMax
ConnectionAttempts IPQoS RekeyLimit ObscureKeystrokeTiming ChannelTimeout LogLevel LogVerbose SyslogFacility
VersionAddendum WarnWeakCrypto`

const words = (text: string) => text.toLowerCase().split(/\s+/)
const KNOWN = new Set([USED, APPLIED, STRICTER, OTHER_LOGINS, OWN_CONNECTION].flatMap(words))

/** A setting that Cutter supports only with some values. */
interface Limit {
  name: string
  isSupported(value: string): boolean
  why: string
  next: string
}

const isNone = (value: string) => value === '' || value.toLowerCase() === 'none'
const PLAIN_KEYS = 'let the host accept the key of an IdentityFile or of the agent'

/** What Cutter can't do as ssh would, so that it would reach or do something else. */
const LIMITS: Limit[] = [
  {
    name: 'CertificateFile',
    isSupported: isNone,
    why: 'Cutter logs in with keys, not with certificates',
    next: PLAIN_KEYS,
  },
  {
    name: 'PKCS11Provider',
    isSupported: isNone,
    why: 'Cutter asks no token for keys',
    next: 'put the key of the token into the agent: ssh-add -s <library>',
  },
  {
    name: 'KnownHostsCommand',
    isSupported: isNone,
    why: 'Cutter reads known keys from files alone',
    next: 'put the key of the host into known_hosts',
  },
  {
    name: 'RemoteCommand',
    isSupported: isNone,
    why: 'ssh runs no other command then',
    next: 'give Cutter an alias of its own without RemoteCommand',
  },
  {
    name: 'SessionType',
    isSupported: (value) => value === 'default',
    why: 'ssh runs no command then',
    next: 'give Cutter an alias of its own without SessionType',
  },
  {
    name: 'BindInterface',
    isSupported: isNone,
    why: 'Cutter can’t choose a network interface',
    next: 'name the address of the interface with BindAddress',
  },
  {
    name: 'ProxyUseFdpass',
    isSupported: (value) => value === 'no',
    why: 'Cutter takes no connection from another program',
    next: 'use a ProxyCommand that passes the bytes on, or ProxyJump',
  },
  {
    name: 'PubkeyAuthentication',
    isSupported: (value) => value !== 'no' && value !== 'false',
    why: 'Cutter logs in with keys alone',
    next: PLAIN_KEYS,
  },
  {
    name: 'PreferredAuthentications',
    isSupported: (value) => value.split(',').includes('publickey'),
    why: 'Cutter logs in with keys alone',
    next: 'add publickey to PreferredAuthentications',
  },
  {
    name: 'RefuseConnection',
    isSupported: isNone,
    why: 'ssh opens no connection then',
    next: 'follow its message',
  },
]

/**
 * Refuses settings that Cutter can't follow, and those of a newer ssh that it doesn't know, unless they have ssh's own default.
 * @throws CONFIG_INVALID with the name of the first one.
 */
export function assertSupported(alias: string, settings: PrintedSettings, defaults: PrintedSettings): void {
  for (const { name, isSupported, why, next } of LIMITS) {
    const values = settings.get(name.toLowerCase()) ?? []
    const found = values.find((value) => !isSupported(value))
    if (found !== undefined) throw unsupportedError(alias, name, found, why, next)
  }
  const limited = new Set(LIMITS.map(({ name }) => name.toLowerCase()))
  for (const [name, values] of settings) {
    if (KNOWN.has(name) || limited.has(name) || isDefault(name, settings, defaults)) continue
    const next = 'give Cutter an alias of its own without it'
    throw unsupportedError(alias, name, values.join(', '), 'this version of Cutter doesn’t know it', next)
  }
}

/** Tells whether no configuration file changes a setting. */
export function isDefault(name: string, settings: PrintedSettings, defaults: PrintedSettings): boolean {
  const keyword = name.toLowerCase()
  return JSON.stringify(settings.get(keyword)) === JSON.stringify(defaults.get(keyword))
}

/** The error for a setting that Cutter can't follow. `why`: the rest of a sentence about it. */
export function unsupportedError(
  alias: string,
  name: string,
  value: string,
  why: string,
  next: string,
): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `the configuration of ssh gives host ${alias} the ${name} ${JSON.stringify(value)}, which Cutter can’t follow: ${why}; nothing was touched`,
    { next, data: { host: alias, setting: name, value } },
  )
}
