import { CutterError } from '../../domain/errors.ts'
import { findTokenFault, type TokenScope } from '../../domain/token.ts'
import type { RunStore } from '../../store/run-store.ts'
import { digestOfToken, isToken } from '../tokens/token-text.ts'
import { findGateLinkFault } from './gate-link.ts'
import type { OwnerToken } from './owner-token.ts'

const USE_NOTED_MS = 60_000

/**
 * Finds out who calls by the header `Authorization: Bearer <token>`. The token is looked up by its SHA-256, so the time that this takes
 * tells nothing of a token that is kept.
 * @param owner the token of the home's owner; null where no service runs
 * @throws TOKEN_REFUSED
 */
export async function authenticate(
  { store, owner }: { store: RunStore; owner: OwnerToken | null },
  authorization: string | undefined,
  now: Date,
): Promise<TokenScope> {
  const [, text] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (text === undefined) throw tokenError('the request brings no token')
  if (owner?.is(text) === true) return owner.scope
  const token = isToken(text) ? await store.tokenByDigest(digestOfToken(text)) : null
  if (token === null) throw tokenError('the token is not known here')
  const { name, role, machines, runId, createdAt } = token
  const fault =
    findTokenFault(token, now) ??
    (runId === null ? null : await findGateLinkFault(store, { runId, createdAt }))
  if (fault !== null) throw tokenError(`token ${token.tokenId} of ${token.name} ${fault}`)
  if (token.lastUsedAt === null || now.getTime() - Date.parse(token.lastUsedAt) > USE_NOTED_MS)
    await store.tokenUsed(token.tokenId, now.toISOString())
  return { name, role, machines, runId }
}

function tokenError(why: string): CutterError {
  return new CutterError('TOKEN_REFUSED', `${why}; nothing was done`, {
    next: 'send a token as Authorization: Bearer <token>; an admin makes one in the home of this service: cutter token create --home <that folder>',
  })
}
