import type { App } from '../../app/open-app.ts'
import type { Token } from '../../domain/token.ts'
import { digestOfToken, makeToken } from './token-text.ts'

/** What the maker of a token decides; `ends` is when it stops counting, in milliseconds since 1970. */
type Issued = Pick<Token, 'name' | 'role' | 'machines' | 'runId' | 'createdBy'> & { ends: number }

/** Makes a token and keeps its digest. The text of it is answered here and kept nowhere. */
export async function issueToken(
  { deps, store }: Pick<App, 'deps' | 'store'>,
  { ends, ...scope }: Issued,
): Promise<{ token: string; kept: Token }> {
  const token = makeToken()
  const kept: Token = {
    tokenId: `tk-${deps.randomHex(8)}`,
    ...scope,
    createdAt: deps.clock.now().toISOString(),
    expiresAt: new Date(ends).toISOString(),
    revokedAt: null,
    revokedBy: null,
    lastUsedAt: null,
  }
  await store.saveToken(kept, digestOfToken(token))
  return { token, kept }
}
