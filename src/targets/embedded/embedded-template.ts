import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { initTarget } from '../postgres/init-target.ts'
import type { ServerPasswords } from './server-cluster.ts'

/** Runs work in a session of the embedded server's superuser, in a database. */
export type SuperuserSession = <T>(database: string, work: (client: Client) => Promise<T>) => Promise<T>

/** What a database of the embedded server is made from. */
interface TemplateSource {
  superuser: SuperuserSession
  /** The passwords of the login roles. */
  passwords(): Promise<Omit<ServerPasswords, 'postgres'>>
  migrationsDirectory: string
}

/**
 * Creates the template database with Cutter's schema, if it is missing, and returns its name. A rename makes it appear, so that a
 * kill leaves no unfinished template.
 */
export async function prepareTemplate(source: TemplateSource): Promise<string> {
  const { superuser, passwords, migrationsDirectory } = source
  const name = `template_${(await digestMigrations(migrationsDirectory)).slice(0, 16)}`
  const draft = `${name}_making`
  await superuser('postgres', async (client) => {
    await client.query("select pg_advisory_lock(hashtextextended('cutter/template', 0))")
    if (await databaseExists(client, name)) return
    await client.query(`drop database if exists ${draft} with (force)`)
    await client.query(`create database ${draft}`)
    const options = { migrationsDirectory, passwords: await passwords() }
    await superuser(draft, (own) => initTarget(own, options))
    await client.query(`alter database ${draft} rename to ${name}`)
  })
  return name
}

/** Creates a database from the template, if it is missing. */
export async function createFromTemplate(client: Client, name: string, template: string): Promise<void> {
  if (await databaseExists(client, name)) return
  await client.query("select pg_advisory_lock(hashtextextended('cutter/template', 0))")
  if (!(await databaseExists(client, name)))
    await client.query(`create database ${name} template ${template}`)
}

/** Applies the migrations of a newer Cutter to a database. It counts first, so that an up-to-date database is only read. */
export async function upgradeDatabase(source: TemplateSource, database: string): Promise<void> {
  const { superuser, passwords, migrationsDirectory } = source
  const files = await listMigrations(migrationsDirectory)
  await superuser(database, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from cutter_governance.schema_migration',
    )
    if (rows[0]!.n >= files.length) return
    await initTarget(client, { migrationsDirectory, passwords: await passwords() })
  })
}

async function databaseExists(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
  return rowCount === 1
}

async function listMigrations(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()
}

async function digestMigrations(directory: string): Promise<string> {
  const files = await listMigrations(directory)
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  if (texts.length === 0) throw new CutterError('INTERNAL', `${directory} holds no migrations`)
  return sha256(texts.join('\n'))
}
