import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { digestOfBytes } from '../../domain/json.ts'
import {
  type Initiator,
  listNeededPrivileges,
  listOwnerStatements,
  listRoleStatements,
  MIGRATION_TABLE,
  type NeededPrivilege,
  readInitiator,
} from './init-statements.ts'
import { scramVerifier } from './scram-verifier.ts'
import { findSchemaObjects, type LoginRole } from './target-schema.ts'

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
  if ((await readInitiator(client)).isSuperuser)
    await client.query('lock table pg_catalog.pg_authid in share row exclusive mode')
  for (const { sql, passwordOf } of await listRoleStatements(client, setPasswords))
    await client.query(passwordOf === null ? sql : `${sql} ${client.escapeLiteral(verifiers[passwordOf])}`)
}

/** Runs `work` as the owner, who may create objects in this database only that long. */
async function asOwner<Result>(client: ClientBase, work: () => Promise<Result>): Promise<Result> {
  const { before, after } = listOwnerStatements(await readInitiator(client))
  for (const sql of before) await client.query(sql)
  const result = await work()
  for (const sql of after) await client.query(sql)
  return result
}

async function applyMigrations(client: ClientBase, migrations: Migration[]) {
  await client.query(MIGRATION_TABLE)
  const { done, missing } = await findMissing(client, migrations)
  for (const { name, digest, sql } of missing) {
    await client.query(sql)
    await client.query('insert into cutter_governance.schema_migration (name, digest) values ($1, $2)', [
      name,
      digest,
    ])
  }
  return { applied: missing.map((migration) => migration.name), already: done }
}

async function findMissing(client: ClientBase, migrations: Migration[]) {
  const { rows } = await client.query<{ name: string; digest: string }>(
    'select name, digest from cutter_governance.schema_migration order by name',
  )
  const done = new Map(rows.map((row) => [row.name, row.digest]))
  assertSameMigrations(done, migrations)
  return { done: [...done.keys()], missing: migrations.filter(({ name }) => !done.has(name)) }
}

/** What `initTarget` would do in a database, and what it needs for that. */
export interface InitPreview {
  /** Names of the migrations that would be applied, and of those that were before. */
  missing: string[]
  already: string[]
  /** All statements of the one transaction, in their order. Passwords are left out: a server gets their SCRAM verifiers only. */
  statements: string[]
  privileges: NeededPrivilege[]
}

/**
 * Lists what `initTarget` would do, in a transaction that is rolled back.
 * @throws TARGET_REFUSED as `initTarget` does
 */
export async function previewInit(client: ClientBase, migrationsDirectory: string): Promise<InitPreview> {
  const migrations = await readMigrations(migrationsDirectory)
  await client.query('begin transaction read only')
  try {
    await assertFitServer(client)
    await assertNoForeignObjects(client)
    const initiator = await readInitiator(client)
    const roles = await listRoleStatements(client, false)
    const { done, missing } = (await findAppliedBefore(client, migrations, initiator)) ?? {
      done: [],
      missing: migrations,
    }
    const { before, after } = listOwnerStatements(initiator)
    return {
      missing: missing.map(({ name }) => name),
      already: done,
      statements: [
        ...roles.map(({ sql, passwordOf }) =>
          passwordOf === null ? sql : `${sql} '<SCRAM verifier of the password in its URL>'`,
        ),
        ...before,
        MIGRATION_TABLE,
        ...missing.map(({ sql }) => sql.trim()),
        ...after,
      ],
      privileges: listNeededPrivileges(initiator, roles),
    }
  } finally {
    await client.query('rollback').catch(() => undefined)
  }
}

/**
 * Which migrations a target has. Null where it has none, or the login cannot see them: then all are listed. Only cutter_owner and the reader may read
 * the table, so the login becomes that role in a transaction that is rolled back.
 */
async function findAppliedBefore(client: ClientBase, migrations: Migration[], initiator: Initiator) {
  const { rows } = await client.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'cutter_governance' and c.relname = 'schema_migration'`,
  )
  const { mayBecomeOwner, mayGrantOwner } = initiator
  if (rows.length === 0 || !(mayBecomeOwner || mayGrantOwner)) return null
  await client.query('rollback; begin')
  if (!mayBecomeOwner) await client.query('grant cutter_owner to current_user')
  await client.query('set local role cutter_owner')
  return findMissing(client, migrations)
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

function computeVerifiers(passwords: Record<LoginRole, string>): Record<LoginRole, string> {
  const verifier = (role: LoginRole) => scramVerifier(role, passwords[role])
  return {
    cutter_reader: verifier('cutter_reader'),
    cutter_executor: verifier('cutter_executor'),
    cutter_verifier: verifier('cutter_verifier'),
  }
}
