import { Stop } from '../../domain/errors.ts'
import type { Logins } from './login-keys.ts'
import type { SshSettings } from './ssh-settings.ts'

/** The address of a host for messages and plans: `user@host:port`, with the name that the SSH configuration resolved. */
export const formatAddress = ({ user, hostName, port }: SshSettings) => `${user}@${hostName}:${port}`

/** The stop for a host that can't be reached. `why`: the rest of a sentence. */
export function unreachableError(settings: SshSettings, why: string): Stop {
  return new Stop(
    'STOP_HOST_UNREACHABLE',
    `host ${settings.alias} (${formatAddress(settings)}) can't be reached: ${why}; nothing was sent this time`,
    {
      next: `check that this works: ssh ${settings.alias} true; then cutter run resume <run>`,
      data: { host: settings.alias, address: formatAddress(settings) },
    },
  )
}

/** What ssh prints of a PKCS#11 token that it may not unlock, because it asks nobody. */
const PIN_NEEDED = 'pin required'
const PUT_TOKEN_INTO_AGENT =
  'put the token into the agent, which asks for its PIN: ssh-add -s <the library of PKCS11Provider>; then cutter run resume <run>'
const PUT_KEY_INTO_AGENT =
  'name the key with IdentityFile in ~/.ssh/config, or put it into the agent with ssh-add'

/** The stop for a host that accepts no key. */
export function hostRefusedError(
  settings: SshSettings,
  { tried, notes }: Pick<Logins, 'tried' | 'notes'>,
): Stop {
  const what =
    tried.length === 0 ? 'there is no key to log in with' : `it accepted none of ${tried.join(', ')}`
  const more = notes.length === 0 ? '' : ` (${notes.join('; ')})`
  return new Stop(
    'STOP_HOST_REFUSED',
    `host ${settings.alias} (${formatAddress(settings)}) does not let the user in: ${what}${more}; nothing was sent this time`,
    {
      next: notes.includes(PIN_NEEDED) ? PUT_TOKEN_INTO_AGENT : PUT_KEY_INTO_AGENT,
      data: { host: settings.alias, address: formatAddress(settings), tried, notes },
    },
  )
}
