import { findTokenFault, type Role, type Token } from '../../domain/token.ts'

/** What token commands print with `--json`, without the token itself. */
export interface TokenAnswer {
  tokenId: string
  name: string
  role: Role
  /** The machines whose runs it reaches; null for all of them. */
  machines: string[] | null
  /** Of a read-only link: its run. */
  runId: string | null
  createdAt: string
  createdBy: string
  expiresAt: string
  revokedAt: string | null
  revokedBy: string | null
  lastUsedAt: string | null
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
