import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { CutterError, Stop } from '../../domain/errors.ts'

/**
 * Whose key a host may show. known_hosts is read by `ssh-keygen -F` alone, which knows hashed names, wildcards, `[host]:port` and the
 * markers; whatever the config says of StrictHostKeyChecking, an unknown or another key stops.
 */

export interface KnownKey {
  marker: 'revoked' | 'cert-authority' | null
  type: string
  /** Base64, as it stands in the file. */
  key: string
  file: string
}

export interface HostKey {
  type: string
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  fingerprint: string
}

/** The name under which known_hosts keeps a host. */
export const formatKnownHostsName = (host: string, port: number) => (port === 22 ? host : `[${host}]:${port}`)

/** Every line that is about the name, in all files. */
export async function findKnownKeys(name: string, files: string[]): Promise<KnownKey[]> {
  const found = await Promise.all(
    files.filter((file) => existsSync(file)).map((file) => linesAbout(name, file)),
  )
  return found.flat()
}

/** ssh-keygen answers 1 both for no such host and for a file that it can't read; the latter it says. */
function linesAbout(name: string, file: string): Promise<KnownKey[]> {
  return new Promise((resolve, reject) => {
    execFile(
      'ssh-keygen',
      ['-F', name, '-f', file],
      { env: { ...process.env, LC_ALL: 'C' } },
      (error, stdout, stderr) => {
        const code = (error as NodeJS.ErrnoException | null)?.code
        if (code === 'ENOENT') reject(noSshKeygen(error!))
        else if (error !== null && stderr.trim() !== '') reject(unreadable(file, stderr))
        else resolve(stdout.split('\n').flatMap((line) => parsed(line, file)))
      },
    )
  })
}

function parsed(line: string, file: string): KnownKey[] {
  if (line.startsWith('#') || line.trim() === '') return []
  const words = line.trim().split(/\s+/)
  const marker = words[0]!.startsWith('@') ? words.shift()!.slice(1) : null
  const [, type, key] = words
  if (type === undefined || key === undefined) return []
  return [{ marker: marker as KnownKey['marker'], type, key, file }]
}

/** Type and fingerprint of a key as the server sends it (RFC 4253, 6.6). */
export function parseHostKey(blob: Buffer): HostKey {
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1')
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  return { type, fingerprint: `SHA256:${digest}` }
}

/** Algorithms to ask for, those first for which a key is known: a server with several keys then shows one of them. */
export function orderHostKeyAlgorithms(known: KnownKey[]): string[] {
  const types = new Set(known.filter(({ marker }) => marker === null).map(({ type }) => type))
  const family = (algorithm: string) => (algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm)
  const all = [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ]
  return [...all.filter((one) => types.has(family(one))), ...all.filter((one) => !types.has(family(one)))]
}

/** Why the key that a host shows can't be trusted, or null when it is a known one. */
export function findHostKeyFault(name: string, blob: Buffer, known: KnownKey[]): Stop | null {
  const shown = parseHostKey(blob)
  const same = ({ key }: KnownKey) => key === blob.toString('base64')
  const plain = known.filter(({ marker }) => marker === null)
  const data = {
    host: name,
    shown: { ...shown },
    known: plain.map(({ type, key }) => ({ type, fingerprint: fingerprintOf(key) })),
  }
  if (known.some((one) => one.marker === 'revoked' && same(one))) {
    return new Stop(
      'STOP_HOST_KEY_CHANGED',
      `${name} shows ${text(shown)}, which known_hosts marks as revoked; nothing was sent`,
      {
        next: 'ask who runs the host which key it has now; never take a revoked one',
        data,
      },
    )
  }
  if (plain.some(same)) return null
  if (plain.length > 0) {
    const others = plain.map(({ type, key }) => `${type} ${fingerprintOf(key)}`).join(', ')
    return new Stop(
      'STOP_HOST_KEY_CHANGED',
      `${name} shows ${text(shown)}, known_hosts has ${others}; nothing was sent`,
      {
        next: `if the host really has a new key: ssh-keygen -R '${name}', then put the new one in after comparing the fingerprint with who runs the host`,
        data,
      },
    )
  }
  const authority = known.some(({ marker }) => marker === 'cert-authority')
    ? ' (an authority is known for it, but Cutter takes no host certificates: put the key itself in)'
    : ''
  return new Stop(
    'STOP_HOST_KEY_UNKNOWN',
    `${name} shows ${text(shown)}, which is not in known_hosts${authority}; nothing was sent`,
    {
      next: `compare the fingerprint with who runs the host, then connect once with ssh, which puts the key into known_hosts`,
      data,
    },
  )
}

const text = ({ type, fingerprint }: HostKey) => `the key ${type} ${fingerprint}`
const fingerprintOf = (key: string) => parseHostKey(Buffer.from(key, 'base64')).fingerprint

function noSshKeygen(cause: Error): CutterError {
  return new CutterError(
    'TOOL_MISSING',
    'ssh-keygen is not on the PATH; keys of hosts are looked up with it',
    {
      next: 'install the package openssh-client (Debian, Ubuntu) or openssh (elsewhere)',
      data: { tool: 'ssh-keygen' },
      cause,
    },
  )
}

function unreadable(file: string, said: string): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `${file} can't be read: ${said.trim().split('\n')[0]}; nothing was sent`,
    {
      next: 'mend the file; ssh-keygen -l -f reads it too',
    },
  )
}
