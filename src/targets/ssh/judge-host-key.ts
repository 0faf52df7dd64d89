import type { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import {
  countRsaBits,
  findHostKeyFault,
  forbiddenKeyStop,
  formatKnownHostsName,
  type KnownKey,
  listKnownKeys,
  parseHostKey,
} from './known-hosts.ts'
import { findRevocation } from './revoked-host-keys.ts'
import type { SshSettings } from './ssh-settings.ts'

/** What a host's key is judged by. */
export interface HostKeyRules {
  settings: SshSettings
  /** The host's name in known_hosts. */
  name: string
  known: KnownKey[]
  sshKeygen: Tool
}

/** Reads what known_hosts has for a host. */
export async function readHostKeyRules(settings: SshSettings, sshKeygen: Tool): Promise<HostKeyRules> {
  const { hostKeyAlias, hostName, port } = settings
  const name = hostKeyAlias ?? formatKnownHostsName(hostName, port)
  return { settings, name, known: await listKnownKeys(name, settings.knownHosts, sshKeygen), sshKeygen }
}

/**
 * Judges the key that a host shows. Null when it can be trusted.
 * @param blob the key as the host sends it
 * @param address the host's address, where it is known
 */
export async function judgeHostKey(
  blob: Buffer,
  address: string | null,
  { settings, name, known, sshKeygen }: HostKeyRules,
): Promise<Stop | null> {
  const { minimumRsaBits, revokedHostKeys, checkHostIp, knownHosts, port } = settings
  const shown = parseHostKey(blob)
  const bits = countRsaBits(blob)
  if (bits !== null && bits < minimumRsaBits)
    return forbiddenKeyStop(name, shown, `has ${bits} bits, fewer than RequiredRSASize (${minimumRsaBits})`)
  const why =
    revokedHostKeys === null ? null : await findRevocation(shown.type, blob, revokedHostKeys, sshKeygen)
  if (why !== null) return forbiddenKeyStop(name, shown, why)
  const fault = findHostKeyFault(name, blob, known)
  if (fault !== null || !checkHostIp || address === null) return fault
  const ofAddress = formatKnownHostsName(address, port)
  const knownThere = await listKnownKeys(ofAddress, knownHosts, sshKeygen)
  return knownThere.length === 0 ? null : findHostKeyFault(ofAddress, blob, knownThere)
}
