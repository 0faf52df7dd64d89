import type { NamedEvidence } from '../domain/history-facts.ts'

/** Where things lie in a bundle. Each path follows from what it holds, so a checker can tell a file that doesn't belong. */

export const MANIFEST = 'MANIFEST.sha256'
export const VERIFY = 'VERIFY.md'
/** The record file: it also names the format of the bundle. */
export const RUN = 'run.json'
export const CLOSEOUT = 'closeout.json'

/** Plans and the trust files of the time lie apart, under readable names; everything else by its digest alone. */
export function pathOfEvidence({ name, digest }: Pick<NamedEvidence, 'name' | 'digest'>): string {
  const hex = digest.replace('sha256:', '')
  const [, kind, rest] = /^(plan|signers|revoked|policy)\/(.+)$/.exec(name) ?? []
  if (kind === undefined) return `evidence/${hex}`
  if (kind === 'plan') return `plans/${readable(rest!)}-${hex}.json`
  return `trust/${kind}-${readable(rest!)}-${hex}`
}

/** Short enough that the whole path fits into the hundred bytes of a tar header. */
const readable = (name: string) => name.replace(/[^A-Za-z0-9._]/g, '_').slice(0, 20)

export const pathOfStatement = (approvalId: string) => `approvals/${approvalId}.json`
export const pathOfSignature = (path: string) => `${path}.sig`

/** Reads back to the one principal that it stands for. */
export function pathOfCountersignature(signer: string): string {
  const safe = encodeURIComponent(signer)
    .replaceAll('%40', '@')
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return `countersignatures/${safe.replace(/^\./, '%2E')}.json`
}

/** Names that a tar header of the plain kind holds. */
export const fitsInHeader = (path: string) => path.length <= 100

/** The order of names in a bundle, in whatever language its reader's machine speaks. */
export const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
