import type { PrintedSettings } from './ask-ssh.ts'
import { isDefault, unsupportedError } from './supported-settings.ts'

/** What Cutter's transport can do of the algorithms that OpenSSH's configuration may name. */
const SUPPORTED = {
  KexAlgorithms: `curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp256 ecdh-sha2-nistp384 ecdh-sha2-nistp521
    diffie-hellman-group-exchange-sha256 diffie-hellman-group14-sha256 diffie-hellman-group16-sha512
    diffie-hellman-group18-sha512 diffie-hellman-group-exchange-sha1 diffie-hellman-group14-sha1 diffie-hellman-group1-sha1`,
  Ciphers: `aes128-gcm@openssh.com aes256-gcm@openssh.com aes128-ctr aes192-ctr aes256-ctr chacha20-poly1305@openssh.com
    aes128-cbc aes192-cbc aes256-cbc 3des-cbc`,
  MACs: `hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com hmac-sha1-etm@openssh.com hmac-sha2-256 hmac-sha2-512 hmac-sha1`,
  HostKeyAlgorithms: `ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 rsa-sha2-512 rsa-sha2-256 ssh-rsa`,
}

type Kind = keyof typeof SUPPORTED

/** The algorithms of a host. Null where the configuration leaves ssh's default: then the transport's own order counts. */
export interface HostAlgorithms {
  kex: string[] | null
  ciphers: string[] | null
  macs: string[] | null
  hostKeys: string[] | null
  /** Algorithms of keys that may log in. */
  login: string[] | null
}

/**
 * Chooses what a host's settings and Cutter have in common, in the order of the settings.
 * @throws CONFIG_INVALID when they have nothing in common.
 */
export function chooseAlgorithms(
  alias: string,
  settings: PrintedSettings,
  defaults: PrintedSettings,
): HostAlgorithms {
  const listed = (name: string) =>
    isDefault(name, settings, defaults) ? null : (settings.get(name.toLowerCase())?.[0]?.split(',') ?? null)
  const choose = (kind: Kind) => {
    const names = listed(kind)
    if (names === null) return null
    const supported = SUPPORTED[kind].split(/\s+/)
    const common = names.filter((name) => supported.includes(name))
    if (common.length > 0) return common
    const why = 'Cutter knows none of these algorithms'
    throw unsupportedError(alias, kind, names.join(','), why, `add one of: ${supported.join(', ')}`)
  }
  return {
    kex: choose('KexAlgorithms'),
    ciphers: choose('Ciphers'),
    macs: choose('MACs'),
    hostKeys: choose('HostKeyAlgorithms'),
    login: listed('PubkeyAcceptedAlgorithms') ?? listed('PubkeyAcceptedKeyTypes'),
  }
}
