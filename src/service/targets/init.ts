import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { migrationsDirectory } from '../../app/package-paths.ts'
import { CutterError } from '../../domain/errors.ts'
import {
  readTargetSettings,
  readTargetUrl,
  type TargetSettings,
} from '../../targets/postgres/configured-target.ts'
import { ConnectFailedError } from '../../targets/postgres/connection-errors.ts'
import { initTarget as applyMigrations } from '../../targets/postgres/init-target.ts'
import { withSession } from '../../targets/postgres/pg-session.ts'
import { LOGIN_ROLES, type LoginRole } from '../../targets/postgres/target-schema.ts'

/** What `target init --json` prints. */
export interface InitialisedTarget {
  target: string
  /** Names of the migrations that were applied now. */
  applied: string[]
  /** Names of those that had been applied before. */
  already: string[]
}

/**
 * Creates Cutter's tables, functions and roles in a target. Applies only what is missing.
 * @throws TARGET_NOT_FOUND, CONFIG_INVALID when a URL does not log in as the role that it is for, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function initTarget(home: Home, { target }: { target: string }): Promise<InitialisedTarget> {
  const app = await home.app()
  if (target === 'embedded') {
    await app.target('embedded')
    return { target, applied: [], already: ['all, at the first use'] }
  }
  return { target, ...(await initConfigured(app, target, home.env)) }
}

async function initConfigured(
  { config }: App,
  name: string,
  env: NodeJS.ProcessEnv,
): Promise<{ applied: string[]; already: string[] }> {
  const settings = readTargetSettings(name, config.targets)
  const passwords = Object.fromEntries(
    LOGIN_ROLES.map((role) => [role, passwordFor(role, name, settings, env)]),
  ) as Record<LoginRole, string>
  try {
    return await withSession(
      readTargetUrl(name, settings, 'owner', env),
      { applicationName: 'cutter target init' },
      (client) => applyMigrations(client, { migrationsDirectory: migrationsDirectory('target'), passwords }),
    )
  } catch (error) {
    if (!(error instanceof ConnectFailedError)) throw error
    throw new CutterError(
      'TARGET_UNREACHABLE',
      `target ${name} can't be reached as its owner: ${error.message}; nothing was changed`,
      { next: `check the variable ${settings.ownerUrlEnv} and the server`, cause: error },
    )
  }
}

/** The roles have the same names everywhere, so that grants can be compared between servers. Their passwords are those of the URLs. */
function passwordFor(
  role: LoginRole,
  target: string,
  settings: TargetSettings,
  env: NodeJS.ProcessEnv,
): string {
  const name = role.slice('cutter_'.length) as 'reader' | 'executor' | 'verifier'
  const login = readLogin(readTargetUrl(target, settings, name, env))
  if (login?.user === role && login.password !== '') return login.password
  throw new CutterError(
    'CONFIG_INVALID',
    `the ${name}’s URL, in ${settings[`${name}UrlEnv`]}, must log in as ${role}, with a password`,
    { next: `write it as postgresql://${role}:<password>@host:port/database` },
  )
}

/** Null where the URL or its encoding is not valid. Node's own error would repeat the password. */
function readLogin(url: string): { user: string; password: string } | null {
  try {
    const { username, password } = new URL(url)
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    return null
  }
}
