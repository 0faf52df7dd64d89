import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { scramVerifier } from './scram-verifier.ts'
import { findSchemaObjects, LOGIN_ROLES, type LoginRole } from './target-schema.ts'

// Makes a database a target: roles, tables, functions, triggers and grants, in one transaction. It may be repeated.
//
// Everything belongs to cutter_owner, which cannot log in. Roles belong to the cluster, so a second database finds them there.
// Tables and grants belong to one database and are copied by CREATE DATABASE … TEMPLATE. Passwords leave this process only as
// SCRAM verifiers, so no server log can hold one.

/** Options of `initTarget`. */
interface InitOptions {
  migrationsDirectory: string
  /** Passwords for new roles. Existing roles keep theirs, because other databases of the cluster use them. */
  passwords: Record<LoginRole, string>
  /** Sets the passwords of existing roles too. */
  setPasswords?: boolean
}

interface Migration {
  name: string
  digest: string
  sql: string
}

/**
 * Initialises a target, or updates an older one. Needs a superuser, or the database's owner with CREATEROLE.
 *
 * @throws TARGET_REFUSED when the server or the encoding does not fit, the database has foreign objects with Cutter's names, an applied
 *   migration has changed since, or the schema is newer.
 * @throws INPUT_REFUSED when a password is not printable ASCII.
 */
export async function initTarget(
  client: ClientBase,
  options: InitOptions,
): Promise<{ applied: string[]; already: string[] }> {
  const migrations = await readMigrations(options.migrationsDirectory)
  const verifiers = computeVerifiers(options.passwords)
  await client.query('begin')
  try {
    await client.query("select pg_advisory_xact_lock(hashtextextended('cutter.target.schema', 0))")
    await assertFitServer(client)
    await assertNoForeignObjects(client)
    await ensureRoles(client, verifiers, options.setPasswords ?? false)
    const result = await asOwner(client, () => applyMigrations(client, migrations))
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

async function assertNoForeignObjects(client: ClientBase): Promise<void> {
  const { foreign } = await findSchemaObjects(client)
  if (foreign.length === 0) return
  throw new CutterError(
    'TARGET_REFUSED',
    `the database has objects with Cutter’s names that Cutter did not create: ${foreign.join(', ')}; nothing was changed`,
    {
      next: 'name another database in the target, or move these objects away',
      data: { objects: foreign },
    },
  )
}

async function assertFitServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`,
  )
  const { version, encoding } = rows[0]!
  if (version < 130000) {
    throw new CutterError(
      'TARGET_REFUSED',
      `the server is older than PostgreSQL 13 (${version}); nothing was changed`,
    )
  }
  if (encoding !== 'UTF8') {
    throw new CutterError(
      'TARGET_REFUSED',
      `the database is encoded as ${encoding}, not UTF8; nothing was changed`,
      {
        next: "create one with: create database … encoding 'UTF8' template template0",
      },
    )
  }
}

async function ensureRoles(
  client: ClientBase,
  verifiers: Record<LoginRole, string>,
  setPasswords: boolean,
): Promise<void> {
  // An advisory lock belongs to one database. Two databases of a cluster share the catalog of roles, which a superuser can lock.
  if (await isSuperuser(client))
    await client.query('lock table pg_catalog.pg_authid in share row exclusive mode')
  const plain = 'nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls'
  for (const role of ['cutter_owner', ...LOGIN_ROLES] as const) {
    const login = role === 'cutter_owner' ? 'nologin' : 'login'
    const { rows } = await client.query<{ fits: boolean }>(
      `select not (rolsuper or rolcreatedb or rolcreaterole or rolinherit or rolreplication or rolbypassrls)
         and rolcanlogin = $2 as fits from pg_catalog.pg_roles where rolname = $1`,
      [role, login === 'login'],
    )
    if (rows.length === 0) await client.query(`create role ${role} ${login} ${plain}`)
    else if (!rows[0]!.fits) await client.query(`alter role ${role} ${login} ${plain}`)
    if (role !== 'cutter_owner' && (rows.length === 0 || setPasswords)) {
      await client.query(`alter role ${role} password ${client.escapeLiteral(verifiers[role])}`)
    }
  }
}

/** Runs `work` as the owner, who may create objects in this database only that long. */
async function asOwner<Result>(client: ClientBase, work: () => Promise<Result>): Promise<Result> {
  // Since PostgreSQL 16 the creator of a role is its member without the right to SET ROLE to it.
  const { rows } = await client.query<{ database: string; may: boolean }>(
    `select quote_ident(current_database()) as database, pg_has_role(current_user, 'cutter_owner',
       case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) as may`,
  )
  const { database, may } = rows[0]!
  if (!may) await client.query('grant cutter_owner to current_user')
  await client.query(`
    grant connect on database ${database} to ${LOGIN_ROLES.join(', ')};
    revoke create on schema public from public;
    grant usage on schema public to cutter_owner, ${LOGIN_ROLES.join(', ')};
    grant create on schema public to cutter_owner;
    create schema if not exists cutter_governance authorization cutter_owner;
    create schema if not exists cutter_fencing authorization cutter_owner;
    set local search_path = pg_catalog, pg_temp;
    set local role cutter_owner`)
  const result = await work()
  await client.query('reset role; revoke create on schema public from cutter_owner')
  if (!may) await client.query('revoke cutter_owner from current_user')
  return result
}

async function applyMigrations(client: ClientBase, migrations: Migration[]) {
  await client.query(`
    create table if not exists cutter_governance.schema_migration (
      name text not null,
      digest text not null,
      applied_at timestamptz not null default now(),
      constraint schema_migration_pkey primary key (name),
      constraint schema_migration_digest_is_one check (digest ~ '^sha256:[0-9a-f]{64}$')
    )`)
  const { rows } = await client.query<{ name: string; digest: string }>(
    'select name, digest from cutter_governance.schema_migration order by name',
  )
  const done = new Map(rows.map((row) => [row.name, row.digest]))
  assertSameMigrations(done, migrations)
  const missing = migrations.filter((migration) => !done.has(migration.name))
  for (const { name, digest, sql } of missing) {
    await client.query(sql)
    await client.query('insert into cutter_governance.schema_migration (name, digest) values ($1, $2)', [
      name,
      digest,
    ])
  }
  return { applied: missing.map((migration) => migration.name), already: [...done.keys()] }
}

function assertSameMigrations(done: Map<string, string>, migrations: Migration[]): void {
  const unknown = [...done.keys()].filter((name) => !migrations.some((migration) => migration.name === name))
  if (unknown.length > 0) {
    throw new CutterError(
      'TARGET_REFUSED',
      `a newer Cutter initialised the target: it has ${unknown.join(', ')}; nothing was changed`,
      {
        next: 'update Cutter',
        data: { migrations: unknown },
      },
    )
  }
  const changed = migrations.filter(({ name, digest }) => done.has(name) && done.get(name) !== digest)
  if (changed.length > 0) {
    const names = changed.map((migration) => migration.name)
    throw new CutterError(
      'TARGET_REFUSED',
      `migrations changed since they were applied: ${names.join(', ')}; nothing was changed`,
      {
        next: 'restore the files; a change of the schema needs a new migration',
        data: { migrations: names },
      },
    )
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()
  if (names.length === 0) throw new CutterError('INTERNAL', `there are no migrations in ${directory}`)
  return Promise.all(
    names.map(async (file) => {
      const bytes = await readFile(join(directory, file))
      return {
        name: file.slice(0, -'.sql'.length),
        digest: digestOfBytes(bytes),
        sql: bytes.toString('utf8'),
      }
    }),
  )
}

async function isSuperuser(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ superuser: boolean }>(
    'select rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user',
  )
  return rows[0]!.superuser
}

function computeVerifiers(passwords: Record<LoginRole, string>): Record<LoginRole, string> {
  const verifier = (role: LoginRole) => scramVerifier(role, passwords[role])
  return {
    cutter_reader: verifier('cutter_reader'),
    cutter_executor: verifier('cutter_executor'),
    cutter_verifier: verifier('cutter_verifier'),
  }
}
