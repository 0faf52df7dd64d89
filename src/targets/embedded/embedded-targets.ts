import { EXPECTED_GRANT_MATRIX_DIGEST } from '../postgres/grant-facts.ts'
import { openTarget, type TargetAccess } from '../postgres/open-target.ts'
import { withSession } from '../postgres/pg-session.ts'
import { LOGIN_ROLES } from '../postgres/target-schema.ts'
import { findTargetStop } from '../postgres/target-stops.ts'
import type { RehearsalDatabases, Target } from '../target.ts'
import { cacheResult } from './cached-result.ts'
import { openEmbeddedRehearsals } from './embedded-rehearsals.ts'
import {
  createFromTemplate,
  prepareTemplate,
  type SuperuserSession,
  upgradeDatabase,
} from './embedded-template.ts'
import { openEmbedded } from './open-embedded.ts'
import { openRehearsalServers, type RehearsalServers } from './rehearsal-servers.ts'

/** The databases of the embedded server. */
export interface EmbeddedTargets {
  /** Opens the default target, a database of the embedded server that is created with Cutter's schema at its first use. */
  target(): Promise<Target>
  rehearsalDatabases: RehearsalDatabases
  /** The servers of migrations' rehearsals. */
  rehearsalServers: RehearsalServers
  /** Drops the database of the default target, if it exists, so that a demo starts empty. */
  discardTarget(): Promise<void>
  /** Starts the server, and logs in to it. */
  start(): Promise<void>
  /** The superuser's URL for a database. It holds a password. */
  superuserUrl(database: string): Promise<string>
  /** Ends the use of the server by this process. */
  release(): Promise<void>
}

const DATABASE = 'cutter'

/**
 * Gives access to the databases of the embedded server. All are created from a template with Cutter's schema, so that a rehearsal
 * database is cheap. The server is opened at the first use.
 * @param options.isRunClosed whether a run is closed or unknown, so that its rehearsal database is no longer needed
 * @param options.registerSecret is called with each generated password, by role, before anything can print it
 */
export function openEmbeddedTargets(options: {
  home: string
  /** The OS user that runs root's servers; see `LocationOptions`. */
  user?: string | undefined
  migrationsDirectory: string
  isRunClosed(runId: string): Promise<boolean>
  log?: (line: string) => void
  registerSecret?: (name: string, url: string) => void
}): EmbeddedTargets {
  const { migrationsDirectory, isRunClosed } = options
  const server = cacheResult(async () => {
    const opened = await openEmbedded(options)
    for (const role of ['postgres', ...LOGIN_ROLES] as const)
      options.registerSecret?.(`the embedded server’s ${role}`, opened.url(role, 'postgres'))
    return opened
  })
  const rehearsalServers = openRehearsalServers(options)
  const superuser: SuperuserSession = async (database, work) => {
    const url = (await server()).url('postgres', database)
    try {
      return await withSession(url, { applicationName: 'cutter' }, work)
    } catch (error) {
      throw findTargetStop(error, 'embedded', 'postgres') ?? error
    }
  }
  const passwords = async () => (await server()).passwords
  const source = { superuser, passwords, migrationsDirectory }
  const template = cacheResult(() => prepareTemplate(source))
  // Prepared once and not before each phase, which saves two connections each time.
  const prepared = cacheResult(async () => {
    const name = await template()
    await superuser('postgres', (client) => createFromTemplate(client, DATABASE, name))
    await upgradeDatabase(source, DATABASE)
  })
  const openDatabase = async (name: string, database: string, explain?: TargetAccess['explain']) => {
    const { url } = await server()
    return openTarget({
      name,
      url: (role) => url(role === 'owner' || role === 'migrator' ? 'postgres' : `cutter_${role}`, database),
      expectedGrantMatrixDigest: EXPECTED_GRANT_MATRIX_DIGEST,
      toPrepare: 'cutter target init embedded',
      ...(explain === undefined ? {} : { explain }),
    })
  }
  return {
    async target() {
      await prepared()
      return openDatabase('embedded', DATABASE)
    },
    rehearsalDatabases: openEmbeddedRehearsals({
      superuser,
      template,
      openDatabase,
      upgrade: (database) => upgradeDatabase(source, database),
      isRunClosed,
    }),
    rehearsalServers,
    async discardTarget() {
      prepared.forget()
      await superuser('postgres', async (client) => {
        await client.query(`drop database if exists ${DATABASE} with (force)`)
      })
    },
    start: () => superuser('postgres', async (client) => void (await client.query('select 1'))),
    superuserUrl: async (database) => (await server()).url('postgres', database),
    async release() {
      const opened = await server.started()?.catch(() => null)
      await Promise.all([opened?.release(), rehearsalServers.release()])
    },
  }
}
