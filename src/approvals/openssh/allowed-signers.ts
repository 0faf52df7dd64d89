import { createHash } from 'node:crypto'

/**
 * Reads allowed_signers files (ALLOWED SIGNERS in ssh-keygen(1)), and makes narrower and wider copies of them. With such a copy OpenSSH
 * itself answers whether a signature would verify without wildcards, or at another time. A line of unusual form is left out of a narrower
 * copy and stays unchanged in a wider one, so that it can only lead to a refusal.
 */

/** One line of allowed_signers. */
export interface SignerLine {
  principals: string[]
  options: string[]
  /** Key type, key and comment. */
  key: string
}

/** Parses the lines of the usual form, in their order. Other lines are skipped. */
export function parseAllowedSigners(allowedSigners: string): SignerLine[] {
  return splitLines(allowedSigners).flatMap((line) => parseSigner(line) ?? [])
}

/** Computes the fingerprint `SHA256:…` of a public key `type blob comment`, as `ssh-keygen -l` prints it. */
export function computeFingerprint(key: string): string {
  const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** Makes a copy without the principals that are patterns. Negations stay, because they only exclude. */
export function withoutWildcards(allowedSigners: string): string {
  return mapLines(allowedSigners, (line) => {
    const signer = parseSigner(line)
    if (signer === null) return null
    const principals = signer.principals.filter((pattern) => pattern.startsWith('!') || !/[*?]/.test(pattern))
    return principals.every((pattern) => pattern.startsWith('!'))
      ? null
      : formatSigner({ ...signer, principals })
  })
}

/**
 * Tells whether a line could list somebody by a pattern. A line of unusual form counts as such where the file has a pattern at all. Options, such as
 * namespaces, have patterns of their own, which list nobody.
 */
export function mayListByPattern(allowedSigners: string): boolean {
  if (!/[*?]/.test(allowedSigners)) return false
  return listLines(allowedSigners).some((line) => {
    const signer = parseSigner(line)
    return signer === null || signer.principals.some((principal) => /[*?]/.test(principal))
  })
}

/** Tells whether a line could list a name: by a pattern, or because its principals hold the name. A line of unusual form is searched completely. */
export function mayListName(allowedSigners: string, name: string): boolean {
  return listLines(allowedSigners).some((line) => {
    const principals = parseSigner(line)?.principals.join(',') ?? line
    return /[*?\\]/.test(principals) || principals.includes(name)
  })
}

/** Makes a copy without the named options. */
export function withoutOptions(allowedSigners: string, ...names: string[]): string {
  return mapLines(allowedSigners, (line) => {
    const signer = parseSigner(line)
    if (signer === null) return line
    const options = signer.options.filter((option) => !names.includes(option.split('=')[0]!.toLowerCase()))
    return formatSigner({ ...signer, options })
  })
}

/** OpenSSH reads a carriage return at the end of a line as white space. */
const splitLines = (allowedSigners: string) => allowedSigners.split(/\r*\n/)

/** Lines that are neither empty nor a comment. */
const listLines = (allowedSigners: string) =>
  splitLines(allowedSigners).filter((line) => !/^[ \t]*(?:#|$)/.test(line))

function mapLines(allowedSigners: string, change: (line: string) => string | null): string {
  const lines = splitLines(allowedSigners).map(change)
  return `${lines.filter((line) => line !== null).join('\n')}\n`
}

/** White space is what OpenSSH takes for it, blanks and tabs: a byte order mark or a no-break blank belongs to the principal. */
function parseSigner(line: string): SignerLine | null {
  const parts = /^[ \t]*(?:"([^"]+)"|([^ \t"#][^ \t"]*))[ \t]+(.+)$/.exec(line)
  if (parts === null) return null
  const principals = (parts[1] ?? parts[2])!.split(',')
  const rest = parts[3]!
  if (/^(ssh|ecdsa|sk)-\S+[ \t]/.test(rest)) return { principals, options: [], key: rest }
  const optioned = /^((?:"(?:\\"|[^"])*"|[^ \t"])+)[ \t]+(.+)$/.exec(rest)
  if (optioned === null) return null
  return { principals, options: optioned[1]!.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? [], key: optioned[2]! }
}

function formatSigner({ principals, options, key }: SignerLine): string {
  return `"${principals.join(',')}" ${options.length === 0 ? '' : `${options.join(',')} `}${key}`
}
