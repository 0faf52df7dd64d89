import type { PrintedSettings } from './ask-ssh.ts'
import { isDefault } from './supported-settings.ts'

/** What the package ssh2 can do of the algorithms that OpenSSH's configuration may name. */
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
 * Chooses what a host's settings and the package ssh2 have in common, in the order of the settings.
 * @param needs gets the names of settings with which it has nothing in common
 */
export function chooseAlgorithms(
  settings: PrintedSettings,
  defaults: PrintedSettings,
  needs: string[],
): HostAlgorithms {
  const listed = (name: string) =>
    isDefault(name, settings, defaults) ? null : (settings.get(name.toLowerCase())?.[0]?.split(',') ?? null)
  const choose = (kind: Kind) => {
    const names = listed(kind)
    if (names === null) return null
    const supported = SUPPORTED[kind].split(/\s+/)
    const common = names.filter((name) => supported.includes(name))
    if (common.length > 0) return common
    needs.push(kind)
    return null
  }
  return {
    kex: choose('KexAlgorithms'),
    ciphers: choose('Ciphers'),
    macs: choose('MACs'),
    hostKeys: choose('HostKeyAlgorithms'),
    login: listed('PubkeyAcceptedAlgorithms') ?? listed('PubkeyAcceptedKeyTypes'),
  }
}
