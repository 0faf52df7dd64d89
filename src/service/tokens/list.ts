import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'
import { type TokenAnswer, tokenAnswer } from './token-answer.ts'

/**
 * Lists all tokens that were ever made, oldest first. The list is what `--json` prints.
 * @throws ACCESS_REFUSED
 */
export async function listTokens(home: Home): Promise<TokenAnswer[]> {
  assertRole(home, 'admin', 'list tokens')
  const now = (await home.app()).deps.clock.now()
  return (await home.store.tokens()).map((token) => tokenAnswer(token, now))
}
