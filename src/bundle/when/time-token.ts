import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inPrivateFolder } from '../../approvals/openssh/ssh-keygen-process.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { runOpenssl } from './openssl.ts'

/** Time tokens of RFC 3161. openssl makes the requests, reads the answers and judges them. */

/** What a token says of itself. */
export interface TimeToken {
  /** ISO 8601 in UTC. */
  at: string
  /** The digest of what existed at that time, `sha256:<64 hex>`. */
  digest: string
  /** The number of the request, in hex, if the token repeats one. */
  nonce: string | null
  /** The subject of the certificate in the token; null when the token has none or its signature is not valid. */
  authority: string | null
}

/** A request for a token, in DER, and its number in hex. */
export interface TimeQuery {
  bytes: Buffer
  nonce: string | null
}

/**
 * Makes the request for a token of these bytes' digest, `sha256:<64 hex>`.
 * @throws TOOL_MISSING without openssl
 */
export async function makeTimeQuery(tools: Tools, digest: string): Promise<TimeQuery> {
  const args = ['ts', '-query', '-digest', digest.replace('sha256:', ''), '-sha256', '-cert']
  const { stdout: bytes } = await runOpenssl(tools, args)
  return inPrivateFolder(async (write) => {
    const query = write('query', bytes)
    const { stdout } = await runOpenssl(tools, ['ts', '-query', '-in', query, '-text'])
    return { bytes, nonce: nonceIn(stdout.toString('utf8')) }
  })
}

/**
 * Reads the answer of an authority. Null when it grants no token over a SHA-256, or openssl cannot read it.
 * @throws TOOL_MISSING without openssl
 */
export async function readTimeToken(tools: Tools, answer: Uint8Array): Promise<TimeToken | null> {
  return inPrivateFolder(async (write) => {
    const file = write('answer', answer)
    const { ok, stdout } = await runOpenssl(tools, ['ts', '-reply', '-in', file, '-text'])
    const text = stdout.toString('latin1')
    const at = ok ? timeIn(text) : null
    const hex = digestIn(text)
    if (at === null || hex === null || !/^Status: Granted/m.test(text)) return null
    const token = write('token', '')
    const signer = write('signer', '')
    await runOpenssl(tools, ['ts', '-reply', '-in', file, '-token_out', '-out', token])
    const signed = ['cms', '-verify', '-noverify', '-inform', 'DER', '-in', token, '-signer', signer]
    const isSigned = (await runOpenssl(tools, [...signed, '-out', '/dev/null'])).ok
    return {
      at,
      digest: `sha256:${hex}`,
      nonce: nonceIn(text),
      authority: isSigned ? await subjectIn(signer) : null,
    }
  })
}

/**
 * Asks `openssl ts -verify` whether an authority of the checker's own file made a token over a digest. Its certificate must have been valid at
 * the time that the token names.
 * @param authorities path of a file of certificates in PEM
 * @throws TOOL_MISSING without openssl
 */
export async function isTrustedToken(
  tools: Tools,
  {
    answer,
    digest,
    at,
    authorities,
  }: { answer: Uint8Array; digest: string; at: string; authorities: string },
): Promise<boolean> {
  return inPrivateFolder(async (write) => {
    const file = write('answer', answer)
    const of = ['-in', file, '-digest', digest.replace('sha256:', '')]
    const by = ['-CAfile', authorities, '-attime', String(Math.floor(Date.parse(at) / 1000))]
    return (await runOpenssl(tools, ['ts', '-verify', ...of, ...by])).ok
  })
}

/** openssl prints a time as `Nov 30 02:52:43.5 2026 GMT`. */
function timeIn(text: string): string | null {
  const [, day, time, year] =
    /^Time stamp: (\w{3} +\d{1,2}) (\d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$/m.exec(text) ?? []
  const at = new Date(`${day} ${year} ${time} UTC`)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** The bytes stand in hex, sixteen in a row, after their number and before their signs. */
function digestIn(text: string): string | null {
  const [, rows] = /^Hash Algorithm: sha256\nMessage data:\n((?: {4}.*\n)+)/m.exec(text) ?? []
  const hex = (rows ?? '').replace(
    /^ {4}[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){1,16}).*\n/gm,
    (_, bytes: string) => bytes.replace(/[ -]/g, ''),
  )
  return /^[0-9a-f]{64}$/.test(hex) ? hex : null
}

const nonceIn = (text: string) => /^Nonce: (0x[0-9A-F]+)$/m.exec(text)?.[1] ?? null

async function subjectIn(file: string): Promise<string | null> {
  try {
    return new X509Certificate(await readFile(file)).subject.replaceAll('\n', ', ')
  } catch {
    return null
  }
}
