import type { App } from '../../app.ts'
import { CutterError } from '../../domain/errors.ts'
import { migrationsDirectory } from '../../package-root.ts'
import { settingsOf, urlOf } from '../../targets/configured-target.ts'
import { ConnectFailed, withSession } from '../../targets/postgres.ts'
import { initTarget, LOGIN_ROLES, type LoginRole } from '../../targets/schema.ts'

export async function initNamedTarget(
  app: App,
  name: string,
): Promise<{ applied: string[]; already: string[] }> {
  if (name === 'embedded') {
    await app.target('embedded')
    return { applied: [], already: ['all, at the first use'] }
  }
  const settings = settingsOf(name, app.config.targets)
  const passwords = Object.fromEntries(
    LOGIN_ROLES.map((role) => [role, passwordFor(role, urlOf(name, settings, roleOf(role), process.env))]),
  ) as Record<LoginRole, string>
  try {
    return await withSession(
      urlOf(name, settings, 'owner', process.env),
      { applicationName: 'cutter target init' },
      (client) => initTarget(client, { migrationsDirectory: migrationsDirectory('target'), passwords }),
    )
  } catch (error) {
    if (!(error instanceof ConnectFailed)) throw error
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
function passwordFor(role: LoginRole, url: string): string {
  const { username, password } = new URL(url)
  if (decodeURIComponent(username) === role && password !== '') return decodeURIComponent(password)
  throw new CutterError(
    'CONFIG_INVALID',
    `the ${roleOf(role)}’s URL must log in as ${role}, with a password`,
    {
      next: `write it as postgresql://${role}:<password>@host:port/database`,
    },
  )
}
