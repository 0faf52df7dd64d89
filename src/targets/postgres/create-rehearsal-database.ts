import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import type { RehearsalDatabaseFacts, SourceProfile } from './rehearsal-database.ts'
import { createRoles } from './rehearsal-roles.ts'
import { readRehearsalServer } from './rehearsal-server.ts'

/**
 * Creates an empty database like its source, with its roles, owner and privileges, and describes it by a comment.
 * @param client of the administrator, in another database of the server
 * @throws STOP_BACKUP_FAILED when the database would replace its source
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when the server can't create such a database
 */
export async function createRehearsalDatabase(
  client: Client,
  facts: Omit<RehearsalDatabaseFacts, 'roles'>,
  profile: SourceProfile,
): Promise<void> {
  await assertNotSource(client, facts)
  const name = client.escapeIdentifier(facts.database)
  await client.query(`drop database if exists ${name} with (force)`)
  await createRoles(client, profile.roles)
  await client.query(`create database ${name} ${creationOptions(client, profile)}`).catch((error: Error) => {
    throw notLikeSourceError(facts.target, error)
  })
  await grantRights(client, name, profile)
  await describeRehearsalDatabase(client, { ...facts, roles: profile.roles.map((role) => role.name) })
}

/** Saves the facts of a rehearsal database as the comment on it. */
export async function describeRehearsalDatabase(
  client: Client,
  facts: RehearsalDatabaseFacts,
): Promise<void> {
  const name = client.escapeIdentifier(facts.database)
  await client.query(`comment on database ${name} is ${client.escapeLiteral(JSON.stringify(facts))}`)
}

/**
 * Applies settings to a database. `from current` is needed, because the stored text of a list such as search_path is not a valid
 * literal for SET.
 * @param client in the database itself
 */
export async function applySettings(
  client: Client,
  { database, target }: Pick<RehearsalDatabaseFacts, 'database' | 'target'>,
  settings: SourceProfile['settings'],
): Promise<void> {
  try {
    for (const [name, value] of settings) {
      const path = name.split('.').map((part) => client.escapeIdentifier(part))
      await client.query('select set_config($1, $2, false)', [name, value])
      await client.query(
        `alter database ${client.escapeIdentifier(database)} set ${path.join('.')} from current`,
      )
    }
  } catch (error) {
    throw notLikeSourceError(target, error as Error)
  }
}

async function assertNotSource(
  client: Client,
  { database, source }: Pick<RehearsalDatabaseFacts, 'database' | 'source'>,
): Promise<void> {
  const { systemIdentifier } = await readRehearsalServer(client)
  if (systemIdentifier !== source.systemIdentifier || database !== source.database) return
  throw new Stop(
    'STOP_BACKUP_FAILED',
    `the rehearsal database ${database} would replace its own source; nothing was changed`,
    {
      next: 'point targets.<name>.rehearsalUrlEnv to another server and start another run',
    },
  )
}

function creationOptions(
  client: Client,
  { encoding, collate, ctype, provider, locale }: SourceProfile,
): string {
  const text = (value: string) => client.escapeLiteral(value)
  const providers: { [provider: string]: string } = {
    i: ` locale_provider icu icu_locale ${text(locale ?? '')}`,
    b: ` locale_provider builtin builtin_locale ${text(locale ?? '')}`,
  }
  return `template template0 encoding ${text(encoding)} lc_collate ${text(collate)} lc_ctype ${text(ctype)}${providers[provider] ?? ''}`
}

/** A script that creates schemas, or tables in the owner's public schema, needs the privileges that it has on the source. */
async function grantRights(client: Client, name: string, { owner, rights }: SourceProfile): Promise<void> {
  await client.query(`alter database ${name} owner to ${client.escapeIdentifier(owner)}`)
  await client.query(`revoke all on database ${name} from public, ${client.escapeIdentifier(owner)}`)
  for (const { right, to } of rights) {
    const role = to === null ? 'public' : client.escapeIdentifier(to)
    await client.query(`grant ${right} on database ${name} to ${role}`)
  }
}

const notLikeSourceError = (target: string, cause: Error) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the rehearsal server can’t create a database like target ${target}: ${cause.message}`,
    {
      next: `name a server that has its locales and settings (targets.${target}.rehearsalUrlEnv) and start another run`,
      cause,
    },
  )
