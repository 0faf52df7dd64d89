/** What a caller of the service may do: each role may do everything that the role before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const

export type Role = (typeof ROLES)[number]

/** The rights of a token. */
export interface TokenScope {
  /** The caller's name. In a history it is the operator. */
  name: string
  role: Role
  /** The machines whose runs it reaches; null for all of them. */
  machines: string[] | null
  /** Of a read-only link: the only run that it reaches. */
  runId: string | null
  /** Whether it is that of the home's owner, which stands for whoever runs the service. */
  isOwner?: true
}

/** A token as it is kept: everything but the token itself. Times are ISO 8601. */
export interface Token extends TokenScope {
  tokenId: string
  createdAt: string
  createdBy: string
  expiresAt: string
  revokedAt: string | null
  revokedBy: string | null
  /** When a caller last brought it, to the minute. */
  lastUsedAt: string | null
}

/** Why a token no longer counts, as the end of a sentence; null while it counts. */
export function findTokenFault({ expiresAt, revokedAt }: Token, now: Date): string | null {
  if (revokedAt !== null) return `was revoked at ${revokedAt}`
  return Date.parse(expiresAt) <= now.getTime() ? `expired at ${expiresAt}` : null
}
