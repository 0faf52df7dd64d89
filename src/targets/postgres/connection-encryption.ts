import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, checkServerIdentity, type SecureVersion } from 'node:tls'
import { type ConnectionSettings, ConnectionStringError } from './connection-string.ts'

/**
 * What the `ssl…` parameters of a connection string mean, as libpq means them:
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 */

type Parameters = ConnectionSettings['parameters']

/** One way to connect: with these options of TLS, or without encryption. */
export type Encryption = ConnectionOptions | false

/** The files of libpq that count where no parameter names others. */
const FOLDER = join(homedir(), '.postgresql')

/**
 * The ways to try, in this order. `prefer`, the default, and `allow` try both, and so they protect from nobody who can change the network.
 * @param host a folder, for a socket, is never encrypted
 * @throws ConnectionStringError when a file is missing, or a parameter can't be obeyed
 */
export function encryptionsOf(parameters: Parameters, host: string): Encryption[] {
  if (host.startsWith('/')) return [false]
  const mode = modeOf(parameters)
  if (mode === 'disable') return [false]
  const tls = readTls(parameters, mode, host)
  if (mode === 'prefer') return [tls, false]
  return mode === 'allow' ? [false, tls] : [tls]
}

function modeOf({ sslmode, ssl, sslrootcert, sslnegotiation }: Parameters): string {
  if (sslmode === 'no-verify') return 'require'
  if (sslmode !== undefined) return sslmode
  if (sslrootcert === 'system') return 'verify-full'
  // The driver's own parameter.
  if (ssl === '0' || ssl === 'false') return 'disable'
  if (ssl !== undefined) return 'verify-full'
  return sslnegotiation === 'direct' ? 'require' : 'prefer'
}

function readTls(parameters: Parameters, mode: string, host: string): ConnectionOptions {
  const { sslmode, sslcert, sslkey } = parameters
  const root = sslmode === 'no-verify' ? null : findRoot(parameters)
  if (mode === 'verify-full' && root === 'system') return { ...versionsOf(parameters), servername: host }
  const isChecked = mode.startsWith('verify-') || (mode === 'require' && root !== null)
  if (mode.startsWith('verify-') && root === null && parameters.ssl === undefined)
    throw missingRootError(mode)
  if (root === 'system' && isChecked)
    throw new ConnectionStringError(
      'has sslrootcert=system, with which only sslmode=verify-full is allowed',
      'write sslmode=verify-full',
    )
  const certificate = fileOf('sslcert', sslcert, 'postgresql.crt')
  const key = certificate === undefined ? undefined : fileOf('sslkey', sslkey, 'postgresql.key')
  return {
    ...versionsOf(parameters),
    servername: /^[\d.:]+$/.test(host) ? '' : host,
    rejectUnauthorized: isChecked,
    ...(root === null || root === 'system' ? {} : { ca: root }),
    ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
    // The name counts only where libpq compares it.
    checkServerIdentity:
      mode === 'verify-full' ? (_, peer) => checkServerIdentity(host, peer) : () => undefined,
  }
}

/** The certificates of authorities: a file, the system's, or null where there is none. */
function findRoot({ sslrootcert }: Parameters): string | null {
  if (sslrootcert === 'system') return 'system'
  const file = sslrootcert ?? join(FOLDER, 'root.crt')
  if (existsSync(file)) return readFileSync(file, 'utf8')
  if (sslrootcert === undefined) return null
  throw new ConnectionStringError('names a file for sslrootcert that does not exist', 'correct sslrootcert')
}

function fileOf(name: string, file: string | undefined, byDefault: string): string | undefined {
  const path = file ?? join(FOLDER, byDefault)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  if (file === undefined) return undefined
  throw new ConnectionStringError(`names a file for ${name} that does not exist`, `correct ${name}`)
}

const missingRootError = (mode: string) =>
  new ConnectionStringError(
    `has sslmode=${mode}, and names no certificate of the authority that signed the server's`,
    'add sslrootcert=/path/to/ca.crt, or sslrootcert=system with sslmode=verify-full for a public authority',
  )

function versionsOf({
  ssl_min_protocol_version: min,
  ssl_max_protocol_version: max,
}: Parameters): ConnectionOptions {
  return {
    ...(min === undefined ? {} : { minVersion: min as SecureVersion }),
    ...(max === undefined ? {} : { maxVersion: max as SecureVersion }),
  }
}
