import type { App } from '../../app/open-app.ts'
import { migrationsDirectory } from '../../app/paths.ts'
import { CutterError } from '../../domain/errors.ts'
import {
  readTargetSettings,
  readTargetUrl,
  type TargetSettings,
} from '../../targets/postgres/configured-target.ts'
import { initTarget } from '../../targets/postgres/init-target.ts'
import { ConnectFailedError, withSession } from '../../targets/postgres/pg-session.ts'
import { LOGIN_ROLES, type LoginRole } from '../../targets/postgres/target-schema.ts'

export async function initNamedTarget(
  app: App,
  name: string,
): Promise<{ applied: string[]; already: string[] }> {
  if (name === 'embedded') {
    await app.target('embedded')
    return { applied: [], already: ['all, at the first use'] }
  }
  const settings = readTargetSettings(name, app.config.targets)
  const passwords = Object.fromEntries(
    LOGIN_ROLES.map((role) => [role, passwordFor(role, name, settings)]),
  ) as Record<LoginRole, string>
  try {
    return await withSession(
      readTargetUrl(name, settings, 'owner', process.env),
      { applicationName: 'cutter target init' },
      (client) => initTarget(client, { migrationsDirectory: migrationsDirectory('target'), passwords }),
    )
  } catch (error) {
    if (!(error instanceof ConnectFailedError)) throw error
    throw new CutterError(
      'TARGET_UNREACHABLE',
      `target ${name} can't be reached as its owner: ${error.message}; nothing was touched`,
      {
        next: `check the variable ${settings.ownerUrlEnv} and the server`,
        cause: error,
      },
    )
  }
}

const roleOf = (role: LoginRole) => role.slice('cutter_'.length) as 'reader' | 'executor' | 'verifier'

/** The roles have fixed names, so that grants compare between servers; their passwords are those of the URLs. */
function passwordFor(role: LoginRole, target: string, settings: TargetSettings): string {
  const login = loginOf(readTargetUrl(target, settings, roleOf(role), process.env))
  if (login?.user === role && login.password !== '') return login.password
  throw new CutterError(
    'CONFIG_INVALID',
    `the ${roleOf(role)}’s URL, in ${settings[`${roleOf(role)}UrlEnv`]}, must log in as ${role}, with a password`,
    {
      next: `write it as postgresql://${role}:<password>@host:port/database`,
    },
  )
}

/** Null where the URL or its encoding is broken; what Node says of it repeats the password. */
function loginOf(url: string): { user: string; password: string } | null {
  try {
    const { username, password } = new URL(url)
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    return null
  }
}
