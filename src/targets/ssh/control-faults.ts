import type { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { hostRefusedError, unreachableError } from './host-errors.ts'
import {
  changedKeyStop,
  forbiddenKeyStop,
  formatKnownHostsName,
  type HostKey,
  listKnownKeys,
  parseHostKey,
  unknownKeyStop,
} from './known-hosts.ts'
import type { SshSettings } from './ssh-settings.ts'

/** What ssh prints about its own work, at LogLevel DEBUG1. */
const DEBUG = /^debug\d: /

/**
 * Finds the key that the host has shown. A certificate counts as the key that it certifies: the fingerprint is the same, and the authority
 * may certify it again.
 */
export function findShownKey(log: string): HostKey | null {
  const found = /^debug1: Server host (?:key|certificate): (\S+) (SHA256:[^\s,]+)/m.exec(log)
  if (found === null) return null
  return { type: found[1]!.replace('-cert-v01@openssh.com', ''), fingerprint: found[2]! }
}

/** The stop for a login that ssh could not do. `log`: what ssh has printed. `why`: a reason of our own. */
export async function loginFault(
  settings: SshSettings,
  sshKeygen: Tool,
  log: string,
  why?: string,
): Promise<Stop> {
  const lines = log.split(/\r?\n/).filter((line) => line !== '')
  const messages = lines.filter((line) => !DEBUG.test(line) && !/^@+$/.test(line))
  const shown = findShownKey(log)
  const text = messages.join('\n')
  if (shown !== null && /host key verification failed|revoked host key/i.test(text))
    return findKeyStop(settings, shown, text, sshKeygen)
  if (/Permission denied \(|Too many authentication failures/.test(text)) {
    const notes = messages.filter((line) => isNote(line, settings))
    return hostRefusedError(settings, { tried: listOffered(lines), notes: notes.slice(-8) })
  }
  return unreachableError(settings, why ?? (shorten(messages) || 'ssh ended without a message'))
}

/** ssh has compared the key, so that only its message tells why it refuses it. */
async function findKeyStop(
  settings: SshSettings,
  shown: HostKey,
  text: string,
  sshKeygen: Tool,
): Promise<Stop> {
  const { hostKeyAlias, hostName, port, knownHosts } = settings
  const name = hostKeyAlias ?? formatKnownHostsName(hostName, port)
  if (/revoked/i.test(text)) return forbiddenKeyStop(name, shown, 'is revoked')
  if (/IDENTIFICATION HAS CHANGED|differs from the key/i.test(text)) {
    const known = await listKnownKeys(name, knownHosts, sshKeygen)
    const plain = known.filter(({ marker }) => marker === null)
    return changedKeyStop(
      name,
      shown,
      plain.map(({ key }) => parseHostKey(Buffer.from(key, 'base64'))),
    )
  }
  return /certificate/i.test(text)
    ? forbiddenKeyStop(name, shown, `ssh refuses: ${shorten(text.split('\n'))}`)
    : unknownKeyStop(name, shown)
}

const shorten = (messages: string[]) => messages.slice(-6).join('; ').slice(0, 1000)

/** Leaves out the lines after a first one, and the files of keys that ssh tries by itself. */
function isNote(line: string, { namedIdentityFiles }: SshSettings): boolean {
  const missing = /^no such identity: (.*?): /.exec(line)?.[1]
  if (missing !== undefined) return namedIdentityFiles.includes(missing)
  return !/^(This private key will be|It is (required|recommended) that)/.test(line)
}

/** The keys that ssh has offered, by their files or comments. */
const listOffered = (lines: string[]): string[] =>
  lines.flatMap((line) => /^debug1: Offering public key: (.*) (?:\S+) SHA256:\S+/.exec(line)?.[1] ?? [])
