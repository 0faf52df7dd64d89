import type { NamedEvidence } from '../domain/history-facts.ts'
import { sha256 } from '../domain/json.ts'

/** The paths in an evidence bundle. Each path follows from the content, so that a checker finds files that do not belong. */

export const MANIFEST = 'MANIFEST.sha256'
export const VERIFY = 'VERIFY.md'
/** The record file: it also names the format of the bundle. */
export const RUN = 'run.json'
export const CLOSEOUT = 'closeout.json'
/** The page about the run for people, which `cutter run report --html` also writes. */
export const REPORT = 'report.html'

/** Plans and the trust files of the time have readable names in folders of their own. Other evidence has its digest as its name. */
export function pathOfEvidence({ name, digest }: Pick<NamedEvidence, 'name' | 'digest'>): string {
  const hex = digest.replace('sha256:', '')
  const [, kind, rest] = /^(plan|signers|revoked|policy)\/(.+)$/.exec(name) ?? []
  if (kind === undefined) return `evidence/${hex}`
  if (kind === 'plan') return `plans/${readable(rest!)}-${hex}.json`
  return `trust/${kind}-${readable(rest!)}-${hex}`
}

/** Short enough that the complete path fits into the hundred bytes of a tar header. */
const readable = (name: string) => name.replace(/[^A-Za-z0-9._]/g, '_').slice(0, 20)

/** The path of an approval's statement: the exact bytes that were signed. */
export const pathOfStatement = (approvalId: string) => `approvals/${approvalId}.json`
/** The path of the OpenSSH signature, which is next to the file that it signs. */
export const pathOfSignature = (path: string) => `${path}.sig`

/** The path of a countersignature. It can be decoded to the principal. */
export function pathOfCountersignature(signer: string): string {
  const safe = encodeURIComponent(signer)
    .replaceAll('%40', '@')
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return `countersignatures/${safe.replace(/^\./, '%2E')}.json`
}

/** The path of the time token of an approval, by its id, or of the `closeout`. */
export const pathOfTimeToken = (of: string) => `times/${of}.tsr`
/** The proof that a log holds the closeout, with the cosignatures of its witnesses. */
export const WITNESSED = 'witnesses/closeout.txt'

/** The path of a rotation, by the digest of the statement that the old key signed. */
export const pathOfRotation = (statementText: string) => `rotations/${sha256(statementText)}.json`

/** Whether a ustar header without a prefix can hold the path. */
export const fitsInHeader = (path: string) => path.length <= 100

/** Compares by UTF-16 code unit: the order of names in a bundle, which does not depend on a locale. */
export const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
