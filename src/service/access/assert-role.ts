import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { ROLES, type TokenScope } from '../../domain/token.ts'
import { DEEDS, type Deed } from './deeds.ts'

/**
 * Checks that the caller's token has the role that a deed takes, or one above it. A read-only link has none. Whoever runs this process has no
 * token and may do everything that the process may.
 * @throws ACCESS_REFUSED
 */
export function assertRole({ caller }: Pick<Home, 'caller'>, deed: Deed): void {
  const role = DEEDS[deed]
  if (caller === null || rankOf(caller) >= ROLES.indexOf(role)) return
  const own = caller.runId === null ? `of role ${caller.role}` : 'a read-only link'
  throw new CutterError(
    'ACCESS_REFUSED',
    `token ${caller.name} is ${own} and may not ${deed}; nothing was changed`,
    { next: `this takes a token of role ${role}`, data: { role } },
  )
}

const rankOf = ({ role, runId }: TokenScope) => (runId === null ? ROLES.indexOf(role) : -1)
