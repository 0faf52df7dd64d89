import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { isTokenInScope } from '../access/scope.ts'
import { type TokenAnswer, tokenAnswer } from './token-answer.ts'

/**
 * Lists all tokens that were ever made, oldest first. A caller with a limited token gets those that reach no more than its own. The list is
 * what `--json` prints.
 * @throws ACCESS_REFUSED
 */
export async function listTokens(home: Home): Promise<TokenAnswer[]> {
  assertRole(home, 'list tokens')
  const now = (await home.app()).deps.clock.now()
  const listed: TokenAnswer[] = []
  for (const token of await home.store.tokens())
    if (await isTokenInScope(home, token)) listed.push(tokenAnswer(token, now))
  return listed
}
