import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { CutterError, Stop } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { EXPECTED_GRANT_MATRIX_DIGEST } from '../postgres/grant-facts.ts'
import { initTarget } from '../postgres/init-target.ts'
import { openTarget, type TargetAccess } from '../postgres/open-target.ts'
import { ConnectFailedError, findTargetStop, withSession } from '../postgres/pg-session.ts'
import { LOGIN_ROLES } from '../postgres/target-schema.ts'
import type { DocumentRows, RehearsalDatabases, Target } from '../target.ts'
import { type EmbeddedServer, openEmbedded } from './open-embedded.ts'

export interface EmbeddedTargets {
  /** The default target: a database of the embedded server, made with our schema at its first use. */
  target(): Promise<Target>
  scratches: RehearsalDatabases
  /** Drops the default target's database, if there is one: a demo begins from nothing. */
  discardTarget(): Promise<void>
  superuserUrl(database: string): Promise<string>
  release(): Promise<void>
}

const DATABASE = 'cutter'

/**
 * Databases of the embedded server. All are copies of a template that holds our schema, so that a rehearsal's copy costs
 * little. The server itself is opened at the first use and released with the app.
 */
export function openEmbeddedTargets(options: {
  home: string
  migrationsDirectory: string
  /** Whether a run needs its copy no more: closed, or unknown. */
  isOver(runId: string): Promise<boolean>
  log?: (line: string) => void
  /** Called with the generated passwords, by role, before anything can print one. */
  meetSecret?: (name: string, url: string) => void
}): EmbeddedTargets {
  const server = once(async () => {
    const opened = await openEmbedded(options)
    for (const role of ['postgres', ...LOGIN_ROLES] as const) {
      options.meetSecret?.(`the embedded server’s ${role}`, opened.url(role, 'postgres'))
    }
    return opened
  })
  const superuser = async <T>(database: string, work: (client: Client) => Promise<T>) => {
    const url = (await server()).url('postgres', database)
    try {
      return await withSession(url, { applicationName: 'cutter' }, work)
    } catch (error) {
      throw findTargetStop(error, 'embedded', 'postgres', true) ?? error
    }
  }
  const template = once(() => prepareTemplate(superuser, server, options.migrationsDirectory))
  // Looked at once and not before each phase: two connections the fewer every time.
  const prepared = once(async () => {
    const source = await template()
    await superuser('postgres', (client) => createIfMissing(client, DATABASE, source))
    await upgrade(superuser, server, options.migrationsDirectory)
  })

  const at = async (name: string, database: string, explain?: TargetAccess['explain']): Promise<Target> => {
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
      return at('embedded', DATABASE)
    },
    scratches: {
      async create(runId, rows) {
        const source = await template()
        await superuser('postgres', async (client) => {
          await client.query(`drop database if exists ${scratchName(runId)} with (force)`)
          await client.query(`create database ${scratchName(runId)} template ${source}`)
          await client.query(`comment on database ${scratchName(runId)} is ${client.escapeLiteral(runId)}`)
          await sweep(client, options.isOver)
        })
        if (rows.units.length > 0) await superuser(scratchName(runId), (client) => seed(client, rows))
        return at(`rehearsal ${runId}`, scratchName(runId))
      },
      open: (runId) => at(`rehearsal ${runId}`, scratchName(runId), (error) => copyGone(error, runId)),
      drop: (runId) =>
        superuser('postgres', async (client) => {
          await client.query(`drop database if exists ${scratchName(runId)} with (force)`)
        }),
    },
    async discardTarget() {
      prepared.forget()
      await superuser('postgres', async (client) => {
        await client.query(`drop database if exists ${DATABASE} with (force)`)
      })
    },
    superuserUrl: async (database) => (await server()).url('postgres', database),
    async release() {
      const opened = await server.begun()?.catch(() => null)
      await opened?.release()
    },
  }
}

/** Does the work at the first call and keeps its result. What failed is tried anew: a long-lived process outlasts a bad moment. */
function once<T>(work: () => Promise<T>) {
  let kept: Promise<T> | null = null
  const call = () => {
    if (kept !== null) return kept
    const made = work()
    kept = made
    made.catch(() => {
      if (kept === made) kept = null
    })
    return made
  }
  const forget = () => {
    kept = null
  }
  return Object.assign(call, { forget, begun: () => kept })
}

type Superuser = <T>(database: string, work: (client: Client) => Promise<T>) => Promise<T>

/** Run ids are ours: lower-case letters, digits, T, Z and hyphens. */
const scratchName = (runId: string) => `scratch_${runId.toLowerCase().replace(/[^a-z0-9]/g, '_')}`

/**
 * The copy was there before the gate. A database that is missing, or roles that the server doesn't know, mean that its data were
 * removed or made anew since; a new copy would lack what this run wrote into the old one.
 */
function copyGone(error: unknown, runId: string): Stop | null {
  if (!(error instanceof ConnectFailedError) || !['28P01', '28000', '3D000'].includes(error.code ?? ''))
    return null
  return new Stop(
    'STOP_REHEARSAL_FAILED',
    `the copy in which run ${runId} was rehearsed is gone: the embedded server’s data were removed or made anew since`,
    {
      next: `cutter run cancel ${runId} --reason "its rehearsal is gone", then start another run`,
      cause: error,
    },
  )
}

/** Drops the copies of runs that ended without using theirs to the end: cancelled, rejected, voided. */
async function sweep(client: Client, isOver: (runId: string) => Promise<boolean>): Promise<void> {
  const { rows } = await client.query<{ name: string; run: string | null }>(
    `select datname as name, shobj_description(oid, 'pg_database') as run from pg_database where datname like 'scratch\\_%'`,
  )
  for (const { name, run } of rows) {
    // Without a comment it was made this very moment, by a process that has yet to name its run.
    if (run !== null && (await isOver(run)))
      await client.query(`drop database if exists ${name} with (force)`)
  }
}

/** The template is made under a passing name and renamed when whole, so that a kill leaves none half-made. */
async function prepareTemplate(
  superuser: Superuser,
  server: () => Promise<EmbeddedServer>,
  directory: string,
): Promise<string> {
  const name = `template_${(await digestOfFiles(directory)).slice(0, 16)}`
  const making = `${name}_making`
  await superuser('postgres', async (client) => {
    await client.query("select pg_advisory_lock(hashtextextended('cutter/template', 0))")
    if (await exists(client, name)) return
    await client.query(`drop database if exists ${making} with (force)`)
    await client.query(`create database ${making}`)
    const { passwords } = await server()
    await superuser(making, (own) => initTarget(own, { migrationsDirectory: directory, passwords }))
    await client.query(`alter database ${making} rename to ${name}`)
  })
  return name
}

async function createIfMissing(client: Client, name: string, source: string): Promise<void> {
  if (await exists(client, name)) return
  await client.query("select pg_advisory_lock(hashtextextended('cutter/template', 0))")
  if (!(await exists(client, name))) await client.query(`create database ${name} template ${source}`)
}

async function exists(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
  return rowCount === 1
}

/** Applies migrations that came with a newer Cutter; looks first, so that a database in use is only read. */
async function upgrade(
  superuser: Superuser,
  server: () => Promise<EmbeddedServer>,
  directory: string,
): Promise<void> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql'))
  await superuser(DATABASE, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from cutter_governance.schema_migration',
    )
    if (rows[0]!.n >= files.length) return
    const { passwords } = await server()
    await initTarget(client, { migrationsDirectory: directory, passwords })
  })
}

async function digestOfFiles(directory: string): Promise<string> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  if (texts.length === 0) throw new CutterError('INTERNAL', `there are no migrations in ${directory}`)
  return sha256(texts.join('\n'))
}

/** Rows as they are in the target, status and all: only the copy's superuser, past its triggers, can put them there. */
async function seed(client: Client, rows: DocumentRows): Promise<void> {
  await client.query('begin')
  await client.query('set local session_replication_role = replica')
  for (const [table, given] of [
    ['information_unit', rows.units],
    ['unit_version', rows.versions],
    ['iu_lifecycle_log', rows.log],
  ] as const) {
    await client.query(
      `insert into public.${table} select * from jsonb_populate_recordset(null::public.${table}, $1::jsonb)`,
      [JSON.stringify(given)],
    )
  }
  await client.query('commit')
}
