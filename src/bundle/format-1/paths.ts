import type { NamedEvidence } from '../../domain/history-facts.ts'

/** Where things lie in a bundle of format 1. */

export const MANIFEST = 'MANIFEST.sha256'
export const VERIFY = 'VERIFY.md'
export const CLOSEOUT = 'closeout.json'

export function pathOfEvidence({ name, digest }: Pick<NamedEvidence, 'name' | 'digest'>): string {
  const hex = digest.replace('sha256:', '')
  const [, kind, rest] = /^(plan|signers|revoked|policy)\/(.+)$/.exec(name) ?? []
  if (kind === undefined) return `evidence/${hex}`
  if (kind === 'plan') return `plans/${readable(rest!)}-${hex}.json`
  return `trust/${kind}-${readable(rest!)}-${hex}`
}

const readable = (name: string) => name.replace(/[^A-Za-z0-9._]/g, '_').slice(0, 20)

export const pathOfStatement = (approvalId: string) => `approvals/${approvalId}.json`
export const pathOfSignature = (path: string) => `${path}.sig`

export function pathOfCountersignature(signer: string): string {
  const safe = encodeURIComponent(signer)
    .replaceAll('%40', '@')
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return `countersignatures/${safe.replace(/^\./, '%2E')}.json`
}

export const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
