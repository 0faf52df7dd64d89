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
GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDns HostbasedAcceptedAlgorithms HostbasedKeyTypes EnableSSHKeysign KbdInteractiveAuthentication
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

const isNone = (value: string) => value === '' || value.toLowerCase() === 'none'

/** What only the system's ssh can do, with the values that ask for nothing of it. */
const ONLY_SSH: { [name: string]: (value: string) => boolean } = {
  CertificateFile: isNone,
  PKCS11Provider: isNone,
  KnownHostsCommand: isNone,
  BindInterface: isNone,
  ProxyUseFdpass: (value) => value === 'no',
  PubkeyAuthentication: (value) => value !== 'no' && value !== 'false',
  HostbasedAuthentication: (value) => value === 'no' || value === 'false',
}

/** A setting that Cutter supports only with some values. */
interface Limit {
  name: string
  isSupported(value: string): boolean
  why: string
  next: string
}

/** What Cutter can't do as ssh would, so that it would do something else. */
const LIMITS: Limit[] = [
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
    name: 'PreferredAuthentications',
    isSupported: (value) => /(^|,)(publickey|hostbased|gssapi-with-mic|gssapi-keyex)(,|$)/.test(value),
    why: 'nobody is there to type a password',
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
 * Lists the settings that only the system's ssh can follow: those that the package ssh2 can't, and those of a newer ssh that Cutter doesn't
 * know, unless they have ssh's own default.
 * @throws CONFIG_INVALID with the name of the first setting that Cutter can't follow at all.
 */
export function listNeeds(alias: string, settings: PrintedSettings, defaults: PrintedSettings): string[] {
  const valuesOf = (name: string) => settings.get(name.toLowerCase()) ?? []
  for (const { name, isSupported, why, next } of LIMITS) {
    const found = valuesOf(name).find((value) => !isSupported(value))
    if (found !== undefined) throw unsupportedError(alias, name, found, why, next)
  }
  const judged = words([...Object.keys(ONLY_SSH), ...LIMITS.map(({ name }) => name)].join(' '))
  const unknown = [...settings.keys()].filter(
    (name) => !KNOWN.has(name) && !judged.includes(name) && !isDefault(name, settings, defaults),
  )
  const preferred = valuesOf('PreferredAuthentications')
  return [
    ...Object.entries(ONLY_SSH).flatMap(([name, asksNothing]) =>
      valuesOf(name).every(asksNothing) ? [] : [name],
    ),
    ...(preferred.every((value) => value.split(',').includes('publickey'))
      ? []
      : ['PreferredAuthentications']),
    ...unknown,
  ]
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
