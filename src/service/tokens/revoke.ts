import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { isSameName } from '../../domain/person-names.ts'
import { findTokenFault, type Token } from '../../domain/token.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited, isTokenInScope } from '../access/scope.ts'
import { stoppingDeps } from '../access/stopping-deps.ts'
import { type TokenAnswer, tokenAnswer } from './token-answer.ts'

export interface RevokeTokenInput {
  /** The id of a token, or the name of one that counts. */
  token: string
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Revokes a token at once. One that was revoked before is answered as it is.
 * @throws TOKEN_NOT_FOUND, OPERATOR_REFUSED, ACCESS_REFUSED also when it reaches more than the caller's own token
 */
export async function revokeToken(
  home: Home,
  { token: text, by: label }: RevokeTokenInput,
): Promise<TokenAnswer> {
  assertRole(home, 'revoke tokens')
  const deps = await stoppingDeps(home)
  const { store } = home
  assertNoSecretWords(deps, { '<token>': text, '--by': label })
  const now = deps.clock.now()
  const found = findToken(await store.tokens(), text, now)
  if (!(await isTokenInScope(home, found))) assertUnlimited(home, 'revoke one that reaches more')
  const { tokenId } = found
  await store.revokeToken(tokenId, { at: now.toISOString(), by: assertOperator(deps, label) })
  const revoked = (await store.tokens()).find((token) => token.tokenId === tokenId)!
  return tokenAnswer(revoked, now)
}

function findToken(tokens: Token[], text: string, now: Date): Token {
  const found =
    tokens.find(({ tokenId }) => tokenId === text) ??
    tokens.find((token) => isSameName(token.name, text) && findTokenFault(token, now) === null)
  if (found !== undefined) return found
  throw new CutterError('TOKEN_NOT_FOUND', `there is no token ${text} here; nothing was changed`, {
    next: 'cutter token list',
  })
}
