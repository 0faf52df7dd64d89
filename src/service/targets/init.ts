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
import { readConnectionString } from '../../targets/postgres/connection-string.ts'
import {
  initTarget as applyMigrations,
  type InitPreview,
  previewInit,
} from '../../targets/postgres/init-target.ts'
import { withSession } from '../../targets/postgres/pg-session.ts'
import { readReachedDatabase } from '../../targets/postgres/reached-database.ts'
import { LOGIN_ROLES, type LoginRole } from '../../targets/postgres/target-schema.ts'
import { assertRole } from '../access/assert-role.ts'
import { makeHistory, previewHistory } from './migration-history.ts'

type TargetClient = Parameters<typeof previewInit>[0]

/** What `target init --json` prints. */
export interface InitialisedTarget {
  target: string
  /** Names of the migrations that were applied now. */
  applied: string[]
  /** Names of those that had been applied before. */
  already: string[]
}

/** What `target init --dry-run --json` prints. */
export interface PlannedTarget extends InitPreview {
  target: string
}

interface InitInput {
  target: string
  /** Makes the history of migrations, and nothing of what cuts need. */
  history?: boolean | undefined
}

/**
 * Lists what `initTarget` would do, and which privileges it needs. Reads only.
 * @throws what `initTarget` throws
 */
export async function previewTarget(
  home: Home,
  { target, history = false }: InitInput,
): Promise<PlannedTarget> {
  assertRole(home, 'read targets')
  const app = await home.app()
  if (history) return { target, ...(await previewHistory(home, app, target)) }
  // Cutter makes that database itself, as the superuser of a server of its own.
  if (target === 'embedded') return { target, missing: [], already: [], statements: [], privileges: [] }
  const settings = readTargetSettings(target, app.config.targets)
  const preview = await asTargetOwner(target, settings, home.env, (client) =>
    previewInit(client, migrationsDirectory('target')),
  )
  return { target, ...preview }
}

/**
 * Creates Cutter's tables, functions and roles in a target. Applies only what is missing, and then logs in as each role.
 * @throws TARGET_NOT_FOUND, CONFIG_INVALID when a URL does not log in as the role that it is for, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function initTarget(
  home: Home,
  { target, history = false }: InitInput,
): Promise<InitialisedTarget> {
  assertRole(home, 'make tables in targets')
  const app = await home.app()
  if (history) return { target, ...(await makeHistory(home, app, target)) }
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
  return asTargetOwner(name, settings, env, async (client) => {
    const own = await readReachedDatabase(client)
    const { rows } = await client.query<{ name: string }>(
      'select rolname::text as name from pg_catalog.pg_roles where rolname = any ($1)',
      [[...LOGIN_ROLES]],
    )
    const existing = new Set(rows.map((row) => row.name))
    const assertAll = async (when: 'before' | 'after') => {
      for (const role of ['reader', 'executor', 'verifier'] as const) {
        const url = readTargetUrl(name, settings, role, env)
        await assertLogsIn(name, settings, { role, url, own, when, exists: existing.has(`cutter_${role}`) })
      }
    }
    await assertAll('before')
    const done = await applyMigrations(client, {
      migrationsDirectory: migrationsDirectory('target'),
      passwords,
    })
    await assertAll('after')
    return done
  })
}

async function asTargetOwner<T>(
  name: string,
  settings: TargetSettings,
  env: NodeJS.ProcessEnv,
  work: (client: TargetClient) => Promise<T>,
): Promise<T> {
  try {
    return await withSession(
      readTargetUrl(name, settings, 'owner', env),
      { applicationName: 'cutter target init' },
      work,
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

/**
 * Logs in as a role, because a target is ready only when each of them can. A role that another database of the server has already keeps its
 * password, which may be another one than that of the URL. That is found before anything is made, like a URL that leads elsewhere; a
 * role that is still to be made is refused by the server then.
 */
async function assertLogsIn(
  name: string,
  settings: TargetSettings,
  {
    role,
    url,
    own,
    when,
    exists,
  }: {
    role: 'reader' | 'executor' | 'verifier'
    url: string
    own: string
    when: 'before' | 'after'
    /** Whether the server had the role before. */
    exists: boolean
  },
): Promise<void> {
  const variable = settings[`${role}UrlEnv`]
  const notReady = (why: string, next: string, cause?: unknown) =>
    new CutterError(
      'TARGET_REFUSED',
      when === 'before'
        ? `target ${name} is not ready: ${why}; nothing was changed`
        : `the tables are made, but target ${name} is not ready: ${why}`,
      { next: `${next}; then: cutter target init ${name}`, cause },
    )
  let reached: string
  try {
    reached = await withSession(url, { applicationName: 'cutter target init' }, readReachedDatabase)
  } catch (error) {
    if (!(error instanceof ConnectFailedError)) throw error
    if (when === 'before' && !exists && isRefusedLogin(error)) return
    throw notReady(
      `the ${role} can't log in with the URL of ${variable}: ${error.message}`,
      `put the password of cutter_${role} into ${variable}; a role that another database of the server uses keeps its password`,
      error,
    )
  }
  if (reached === own) return
  throw notReady(
    `the URL of ${variable} leads to another database than that of ${settings.ownerUrlEnv}`,
    `correct ${variable}`,
  )
}

/** Whether the server was reached and knows no such login: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const isRefusedLogin = ({ code }: ConnectFailedError) => code?.startsWith('28') === true

/** The roles have the same names everywhere, so that grants can be compared between servers. Their passwords are those of the URLs. */
function passwordFor(
  role: LoginRole,
  target: string,
  settings: TargetSettings,
  env: NodeJS.ProcessEnv,
): string {
  const name = role.slice('cutter_'.length) as 'reader' | 'executor' | 'verifier'
  const { user, password } = readConnectionString(readTargetUrl(target, settings, name, env))
  if (user === role && password !== undefined) return password
  throw new CutterError(
    'CONFIG_INVALID',
    `the ${name}’s URL, in ${settings[`${name}UrlEnv`]}, must log in as ${role}, with a password`,
    { next: `write it as postgresql://${role}:<password>@host:port/database` },
  )
}
