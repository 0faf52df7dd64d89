import { findTokenFault, type Token } from '../../domain/token.ts'

/** What token commands print with `--json`, without the token itself. */
export interface TokenAnswer extends Token {
  /** Whether it counts now. */
  valid: boolean
}

/** A token as it is answered. */
export function tokenAnswer(token: Token, now: Date): TokenAnswer {
  const { tokenId, name, role, machines, runId, createdAt, createdBy } = token
  const { expiresAt, revokedAt, revokedBy, lastUsedAt } = token
  const made = { tokenId, name, role, machines, runId, createdAt, createdBy }
  return { ...made, expiresAt, revokedAt, revokedBy, lastUsedAt, valid: findTokenFault(token, now) === null }
}
