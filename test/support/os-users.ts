import { execFileSync } from 'node:child_process'
import { NOBODY, whyNotAsNobody } from './ordinary-user.ts'

/** Two ordinary users: the one that the service runs as, and the one whose script calls it. `.ci/run` makes both. */

export interface OsUser {
  uid: number
  gid: number
}

/** The user of that name; null where there is none. */
function findOsUser(name: string): OsUser | null {
  try {
    const id = (option: string) =>
      Number(execFileSync('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return null
  }
}

/** The user of the service, and its caller. */
export const SERVICE_USER: OsUser = findOsUser('cutter-home') ?? NOBODY
export const CALLER: OsUser | null = findOsUser('cutter-test')

/** Why a service of one user can’t be called by another here, or null. */
export function whyNotTwoUsers(): string | null {
  const why = whyNotAsNobody()
  if (why !== null || CALLER !== null) return why
  return 'there is no user cutter-test, whom .ci/run makes'
}
