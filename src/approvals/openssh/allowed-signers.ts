import { createHash } from 'node:crypto'

/**
 * Narrowed and widened copies of an allowed_signers file, so that OpenSSH itself can be asked what a line is good for:
 * "would this still verify without wildcards?", "would it have, at another time?". A line whose form isn't plain is
 * left out of a narrowed copy and left as it is in a widened one: an odd line can only lead to a refusal.
 */

export interface SignerLine {
  principals: string[]
  options: string[]
  /** Key type, key and comment. */
  key: string
}

/** The lines whose form is plain, in their order. */
export function parseAllowedSigners(allowedSigners: string): SignerLine[] {
  return linesOf(allowedSigners).flatMap((line) => readSigner(line) ?? [])
}

/** Of a public key, `type blob comment`, as `ssh-keygen -l` prints it. */
export function computeFingerprint(key: string): string {
  const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** Without the principals that are patterns; negations stay, since they only take away. */
export function withoutWildcards(allowedSigners: string): string {
  return eachLine(allowedSigners, (line) => {
    const signer = readSigner(line)
    if (signer === null) return null
    const principals = signer.principals.filter((pattern) => pattern.startsWith('!') || !/[*?]/.test(pattern))
    return principals.every((pattern) => pattern.startsWith('!'))
      ? null
      : writeSigner({ ...signer, principals })
  })
}

export function withoutOptions(allowedSigners: string, ...names: string[]): string {
  return eachLine(allowedSigners, (line) => {
    const signer = readSigner(line)
    if (signer === null) return line
    const options = signer.options.filter((option) => !names.includes(option.split('=')[0]!.toLowerCase()))
    return writeSigner({ ...signer, options })
  })
}

/** The principals that the file lists by name for a namespace, whatever the limits of time. */
export function listPrincipals(allowedSigners: string, namespace: string): string[] {
  return linesOf(allowedSigners).flatMap((line) => {
    const signer = readSigner(line)
    if (signer === null || !covers(signer.options, namespace)) return []
    return signer.principals.filter((name) => !/[*?!]/.test(name))
  })
}

/** A line without the option covers every namespace. The list is one of OpenSSH's patterns, of which `!` takes away. */
function covers(options: string[], namespace: string): boolean {
  const option = options.find((text) => text.toLowerCase().startsWith('namespaces='))
  if (option === undefined) return true
  const patterns = option.slice('namespaces='.length).replaceAll('"', '').split(',')
  const fits = (pattern: string) => {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
    return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(namespace)
  }
  const taken = patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1)))
  return !taken && patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern))
}

/** OpenSSH takes a carriage return for white space at the end of a line. */
const linesOf = (allowedSigners: string) => allowedSigners.split(/\r*\n/)

function eachLine(allowedSigners: string, change: (line: string) => string | null): string {
  const lines = linesOf(allowedSigners).map(change)
  return `${lines.filter((line) => line !== null).join('\n')}\n`
}

function readSigner(line: string): SignerLine | null {
  const parts = /^[ \t]*(?:"([^"]+)"|([^\s"#][^\s"]*))[ \t]+(.+)$/.exec(line)
  if (parts === null) return null
  const principals = (parts[1] ?? parts[2])!.split(',')
  const rest = parts[3]!
  if (/^(ssh|ecdsa|sk)-\S+[ \t]/.test(rest)) return { principals, options: [], key: rest }
  const optioned = /^((?:"(?:\\"|[^"])*"|[^\s"])+)[ \t]+(.+)$/.exec(rest)
  if (optioned === null) return null
  return { principals, options: optioned[1]!.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? [], key: optioned[2]! }
}

function writeSigner({ principals, options, key }: SignerLine): string {
  return `"${principals.join(',')}" ${options.length === 0 ? '' : `${options.join(',')} `}${key}`
}
