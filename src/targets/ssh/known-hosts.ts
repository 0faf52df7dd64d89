import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { Tool, Tools } from '../../tools/open-tools.ts'
import { TRUSTED_PATH } from '../../tools/trusted-folders.ts'

/**
 * The host keys of known_hosts. Only `ssh-keygen -F` reads the file, because it knows hashed names, wildcards, `[host]:port` and the markers.
 * An unknown or different key stops the run, whatever the config says about StrictHostKeyChecking.
 */

export interface KnownKey {
  marker: 'revoked' | 'cert-authority' | null
  type: string
  /** Base64, as the file holds it. */
  key: string
  file: string
}

export interface HostKey {
  type: string
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  fingerprint: string
}

/** The name of a host in known_hosts. */
export const formatKnownHostsName = (host: string, port: number) => (port === 22 ? host : `[${host}]:${port}`)

/** @throws TOOL_MISSING when ssh-keygen is missing. */
export function findSshKeygen(tools: Tools): Tool {
  const tool = tools.find('sshKeygen')
  if (tool === null) throw sshKeygenMissingError(tools)
  return tool
}

/**
 * All keys of a name, from all files.
 * @throws CONFIG_INVALID when a file can't be read.
 */
export async function listKnownKeys(name: string, files: string[], sshKeygen: Tool): Promise<KnownKey[]> {
  const found = await Promise.all(
    files.filter((file) => existsSync(file)).map((file) => readKeysOf(name, file, sshKeygen.file)),
  )
  return found.flat()
}

/** ssh-keygen exits with 1 for an unknown host and for an unreadable file. Only the latter gives a message. */
function readKeysOf(name: string, file: string, sshKeygen: string): Promise<KnownKey[]> {
  return new Promise((resolve, reject) => {
    execFile(
      sshKeygen,
      ['-F', name, '-f', file],
      { env: { PATH: TRUSTED_PATH, HOME: process.env.HOME, LC_ALL: 'C' } },
      (error, stdout, stderr) => {
        if (error !== null && stderr.trim() !== '') reject(unreadableError(file, stderr))
        else resolve(stdout.split('\n').flatMap((line) => parseLine(line, file)))
      },
    )
  })
}

function parseLine(line: string, file: string): KnownKey[] {
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

const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/**
 * The algorithms to offer. Those of known keys come first, so that a server with several keys shows a known one.
 * @param allowed what HostKeyAlgorithms allows, when it is set
 */
export function orderHostKeyAlgorithms(known: KnownKey[], allowed: string[] | null): string[] {
  const types = new Set(known.filter(({ marker }) => marker === null).map(({ type }) => type))
  const family = (algorithm: string) => (algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm)
  const all = allowed ?? HOST_KEY_ALGORITHMS
  return [...all.filter((one) => types.has(family(one))), ...all.filter((one) => !types.has(family(one)))]
}

/** Why the key of a host can't be trusted. Null when it is known. `blob`: the key as the server sends it. */
export function findHostKeyFault(name: string, blob: Buffer, known: KnownKey[]): Stop | null {
  const shown = parseHostKey(blob)
  const same = ({ key }: KnownKey) => key === blob.toString('base64')
  const plain = known.filter(({ marker }) => marker === null)
  if (known.some((one) => one.marker === 'revoked' && same(one)))
    return forbiddenKeyStop(name, shown, 'is marked as revoked in known_hosts')
  if (plain.some(same)) return null
  const others = plain.map(({ type, key }) => ({ type, fingerprint: fingerprintOf(key) }))
  return others.length > 0 ? changedKeyStop(name, shown, others) : unknownKeyStop(name, shown)
}

/** The stop at a key other than the known ones. `known` is empty where only ssh has compared them. */
export function changedKeyStop(name: string, shown: HostKey, known: HostKey[]): Stop {
  const others = known.length === 0 ? 'another key' : known.map(nameKey).join(', ')
  return new Stop(
    'STOP_HOST_KEY_CHANGED',
    `${name} shows ${describeKey(shown)}, known_hosts has ${others}; nothing was sent`,
    {
      next: `if the host really has a new key: ssh-keygen -R '${name}', then add the new one after comparing the fingerprint with the administrator of the host`,
      data: { host: name, shown: { ...shown }, known: known.map((key) => ({ ...key })) },
    },
  )
}

/** The stop at a key of a host that has none in known_hosts. */
export function unknownKeyStop(name: string, shown: HostKey): Stop {
  return new Stop(
    'STOP_HOST_KEY_UNKNOWN',
    `${name} shows ${describeKey(shown)}, which is not in known_hosts; nothing was sent`,
    {
      next: `compare the fingerprint with the administrator of the host, then connect once with ssh, which adds the key to known_hosts`,
      data: { host: name, shown: { ...shown }, known: [] },
    },
  )
}

/** The stop at a key that must not be accepted, known or not. `why`: the end of a sentence about the key. */
export function forbiddenKeyStop(name: string, shown: HostKey, why: string): Stop {
  return new Stop(
    'STOP_HOST_KEY_CHANGED',
    `${name} shows ${describeKey(shown)}, which ${why}; nothing was sent`,
    {
      next: 'ask the administrator of the host which key it has now; never accept a revoked one',
      data: { host: name, shown: { ...shown } },
    },
  )
}

/** The bits of a key of RSA (RFC 4253, 6.6: type, exponent, modulus). Null for other keys. */
export function countRsaBits(blob: Buffer): number | null {
  if (parseHostKey(blob).type !== 'ssh-rsa') return null
  const exponentAt = 4 + blob.readUInt32BE(0)
  const modulus = blob.subarray(exponentAt + 8 + blob.readUInt32BE(exponentAt))
  const first = modulus.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first]!) + 24
}

const nameKey = ({ type, fingerprint }: HostKey) => `${type} ${fingerprint}`
const describeKey = (key: HostKey) => `the key ${nameKey(key)}`
const fingerprintOf = (key: string) => parseHostKey(Buffer.from(key, 'base64')).fingerprint

function sshKeygenMissingError(tools: Tools): CutterError {
  const { why, next } = tools.describeMissing('sshKeygen')
  return new CutterError('TOOL_MISSING', `ssh-keygen ${why}; Cutter needs it to find the keys of hosts`, {
    next: `the package is openssh-client (Debian, Ubuntu) or openssh (elsewhere); ${next}`,
    data: { tool: 'ssh-keygen' },
  })
}

function unreadableError(file: string, message: string): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `${file} can't be read: ${message.trim().split('\n')[0]}; nothing was sent`,
    {
      next: 'correct the file; ssh-keygen -l -f reads it too',
    },
  )
}
