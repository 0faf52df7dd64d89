/** The rules by which live runs work, as digests: hosts that share a store must have them alike. */
export interface LiveRules {
  /** SHA-256 of allowed_signers; null where it can't be read. */
  signers: string | null
  /** SHA-256 of the revoked keys; null where none are configured or the file can't be read. */
  revokedKeys: string | null
  /** SHA-256 of what cutter.yaml says of approvals, operators and commits, as canonical JSON. */
  policy: string
}

/** Rules that the owner of a store published: by which host, and when (ISO 8601). */
export interface PublishedRules extends LiveRules {
  host: string
  at: string
}

const NAMES: { [rule in keyof LiveRules]: string } = {
  signers: 'allowed_signers',
  revokedKeys: 'the revoked keys',
  policy: 'the policy of cutter.yaml (approvals, operators, store.commits)',
}

/** The rules in which a host differs from those that were published, as words. */
export const differingRules = (host: LiveRules, published: LiveRules): string[] =>
  (Object.keys(NAMES) as (keyof LiveRules)[])
    .filter((rule) => host[rule] !== published[rule])
    .map((rule) => NAMES[rule])
