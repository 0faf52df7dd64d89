import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { CutterError } from '../../domain/errors.ts'
import { digestOfBytes } from '../../domain/json.ts'

// Makes a database a target: roles, tables, functions, triggers and grants, in one transaction and as often as asked.
//
// Everything belongs to cutter_owner, which can't log in. Roles are the whole cluster's, so a second database finds them
// there; tables and grants are each database's own and come along with CREATE DATABASE … TEMPLATE. Passwords leave this
// process only as SCRAM verifiers: no server log can hold one.

export const LOGIN_ROLES = ['cutter_reader', 'cutter_executor', 'cutter_verifier'] as const
export type LoginRole = (typeof LOGIN_ROLES)[number]

export const UNIT_TABLES = [
  'information_unit',
  'unit_version',
  'iu_lifecycle_log',
  'iu_lifecycle_vocab',
] as const

export const GOVERNANCE_TABLES = [
  'manifest_envelope',
  'manifest_unit_block',
  'cut_change_set',
  'cut_change_set_affected_row',
  'review_decision',
  'verify_result',
  'dot_pair_signature',
  'canonical_address_alias',
  'decision_backlog_entry',
  'decision_backlog_history',
  'decision_backlog_dependency',
  'decision_backlog_sweep_log',
] as const

export interface InitOptions {
  migrationsDirectory: string
  /** Given to a role when it is made. Roles that exist keep theirs, since other databases of the cluster use them. */
  passwords: Record<LoginRole, string>
  /** Give them to existing roles too. */
  setPasswords?: boolean
}

interface Migration {
  name: string
  digest: string
  sql: string
}

/**
 * Needs a superuser, or the database's owner with CREATEROLE. Throws CutterError TARGET_REFUSED where the database holds
 * tables or functions of our names that are not ours, a migration that was changed since, or a newer schema.
 */
export async function initTarget(
  client: ClientBase,
  options: InitOptions,
): Promise<{ applied: string[]; already: string[] }> {
  const migrations = await readMigrations(options.migrationsDirectory)
  const verifiers = scramVerifiers(options.passwords)
  await client.query('begin')
  try {
    await client.query("select pg_advisory_xact_lock(hashtextextended('cutter.target.schema', 0))")
    await refuseUnfitServer(client)
    await refuseForeign(client)
    await ensureRoles(client, verifiers, options.setPasswords ?? false)
    const result = await asOwner(client, () => applyMigrations(client, migrations))
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Answers any role, the reader included: it looks at the catalog alone. */
export async function readSchemaState(
  client: Pick<ClientBase, 'query'>,
): Promise<'absent' | 'ours' | 'foreign'> {
  const { ours, named } = await lookForOurs(client)
  if (ours) return 'ours'
  return named.length === 0 ? 'absent' : 'foreign'
}

async function lookForOurs(client: Pick<ClientBase, 'query'>): Promise<{ ours: boolean; named: string[] }> {
  const { rows } = await client.query<{ object: string; ours: boolean }>(
    `select format('%s %I.%I', 'table', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner) = 'cutter_owner' as ours
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where (n.nspname = 'public' and c.relname = any ($1::text[]))
          or (n.nspname = 'cutter_governance' and c.relname = 'schema_migration')
     union all
     select distinct format('function public.%I', p.proname), pg_get_userbyid(p.proowner) = 'cutter_owner'
       from pg_catalog.pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname ~ '^fn_iu_'
     union all
     select 'schema cutter_governance', pg_get_userbyid(nspowner) = 'cutter_owner'
       from pg_catalog.pg_namespace where nspname = 'cutter_governance'
     order by 1`,
    [[...UNIT_TABLES]],
  )
  const known = rows.some((row) => row.ours && row.object === 'table cutter_governance.schema_migration')
  const named = rows.filter((row) => !known || !row.ours).map((row) => row.object)
  return { ours: known && named.length === 0, named }
}

async function refuseForeign(client: ClientBase): Promise<void> {
  const { ours, named } = await lookForOurs(client)
  if (ours || named.length === 0) return
  throw new CutterError(
    'TARGET_REFUSED',
    `the database holds what Cutter did not make: ${named.join(', ')}`,
    {
      next: 'name another database in the target, or move these away',
      data: { objects: named },
    },
  )
}

async function refuseUnfitServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`,
  )
  const { version, encoding } = rows[0]!
  if (version < 130000) {
    throw new CutterError('TARGET_REFUSED', `the server is older than PostgreSQL 13 (${version})`)
  }
  if (encoding !== 'UTF8') {
    throw new CutterError('TARGET_REFUSED', `the database is encoded as ${encoding}, not UTF8`, {
      next: "make one with: create database … encoding 'UTF8' template template0",
    })
  }
}

async function ensureRoles(
  client: ClientBase,
  verifiers: Record<LoginRole, string>,
  setPasswords: boolean,
): Promise<void> {
  // An advisory lock is one database's; two databases of a cluster meet at the catalog of roles, where a superuser can wait.
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

/** The owner may create in this database for the length of `work` only. */
async function asOwner<Result>(client: ClientBase, work: () => Promise<Result>): Promise<Result> {
  // Since PostgreSQL 16 the maker of a role is its member without the right to take it on.
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
  refuseOtherHistory(done, migrations)
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

function refuseOtherHistory(done: Map<string, string>, migrations: Migration[]): void {
  const unknown = [...done.keys()].filter((name) => !migrations.some((migration) => migration.name === name))
  if (unknown.length > 0) {
    throw new CutterError('TARGET_REFUSED', `the target was made by a newer Cutter: ${unknown.join(', ')}`, {
      next: 'update Cutter',
      data: { migrations: unknown },
    })
  }
  const changed = migrations.filter(({ name, digest }) => done.has(name) && done.get(name) !== digest)
  if (changed.length > 0) {
    const names = changed.map((migration) => migration.name)
    throw new CutterError(
      'TARGET_REFUSED',
      `migrations changed since they were applied: ${names.join(', ')}`,
      {
        next: 'restore the files; a change to the schema is a new migration',
        data: { migrations: names },
      },
    )
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()
  if (names.length === 0) throw new CutterError('INTERNAL', `no migrations in ${directory}`)
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

function scramVerifiers(passwords: Record<LoginRole, string>): Record<LoginRole, string> {
  const verifier = (role: LoginRole) => scramVerifier(role, passwords[role])
  return {
    cutter_reader: verifier('cutter_reader'),
    cutter_executor: verifier('cutter_executor'),
    cutter_verifier: verifier('cutter_verifier'),
  }
}

/** The form in which PostgreSQL stores a password (RFC 5803); ASCII alone, for which SASLprep changes nothing. */
function scramVerifier(role: LoginRole, password: string): string {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new CutterError('INPUT_REFUSED', `the password for ${role} is empty or not printable ASCII`)
  }
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const serverKey = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
