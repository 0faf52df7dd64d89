import { Stop } from '../../domain/errors.ts'
import type { RoleProfile } from '../../targets/postgres/rehearsal-database.ts'

const READS_ALL = 'pg_read_all_data'

/**
 * Does the work of a rehearsal. On a server that the user names, no role gets pg_read_all_data, because it reads the passwords of all
 * roles of the server. Such a role reads there by privileges on each object of the copy. It is denied the rest, such as tables of
 * extensions, which is no fault of the migration bundle.
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE instead of an error about a missing privilege, where that is the reason
 */
export async function explainDeniedRead<T>(
  { place, role, roles }: { place: string; role: string; roles: RoleProfile[] },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isDenied = /permission denied for/.test((error as Error).message)
    if (!isDenied || place === 'embedded' || !isMember(role, roles)) throw error
    throw new Stop(
      'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      `${role} reads by its membership in ${READS_ALL}, which Cutter grants nobody on the rehearsal server of ${place}, because it would show the passwords of that server’s roles: ${(error as Error).message}; the target was not changed`,
      {
        next: `grant ${role} on the target what the message names, or remove targets.${place}.rehearsalUrlEnv, so that Cutter makes a server; then start another run`,
        cause: error,
      },
    )
  }
}

function isMember(role: string, roles: RoleProfile[]): boolean {
  const seen = new Set<string>()
  const follow = (name: string): boolean => {
    if (name === READS_ALL) return true
    if (seen.has(name)) return false
    seen.add(name)
    return roles.find((one) => one.name === name)?.memberOf.some(follow) ?? false
  }
  return follow(role)
}
