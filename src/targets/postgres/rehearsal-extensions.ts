import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { isApproved } from '../../domain/rehearsal-powers.ts'
import { readAdministrator } from './rehearsal-administrator.ts'
import type { ExtensionProfile } from './rehearsal-database.ts'

/**
 * Creates the extensions of the source in a database that holds nothing else. Those that PostgreSQL trusts are created by their owner.
 * @param client of the administrator, in the database itself
 * @param extensions in an order in which each follows those that it needs
 * @param roles those that Cutter created
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when one is not approved, or the server does not have it
 */
export async function createExtensions(
  client: Client,
  target: string,
  extensions: ExtensionProfile[],
  roles: string[],
): Promise<void> {
  const { superuser, ofProvider } = await readAdministrator(client)
  for (const extension of extensions) {
    // Every database has it.
    if (extension.name === 'plpgsql') continue
    await createSchema(client, extension, roles)
    const found = await findExtension(client, extension)
    const mayCreate = isApproved(extension.name) && (superuser || ofProvider || extension.mayLack !== true)
    const isUsable = found !== null && (found.trusted || mayCreate)
    if (!isUsable && extension.mayLack === true) continue
    if (found === null) throw missingError(target, extension.name)
    if (!isUsable) throw unapprovedError(target, extension.name)
    const { trusted, version } = found
    const role = trusted && roles.includes(extension.owner) ? extension.owner : null
    if (role !== null) await client.query(`set role ${client.escapeIdentifier(role)}`)
    await client.query(
      `create extension ${client.escapeIdentifier(extension.name)} schema ${client.escapeIdentifier(extension.schema)} version ${client.escapeLiteral(version)}`,
    )
    if (role !== null) await client.query('reset role')
  }
}

async function createSchema(
  client: Client,
  { schema, schemaOwner, owner }: ExtensionProfile,
  roles: string[],
): Promise<void> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema])
  const id = client.escapeIdentifier(schema)
  if (rowCount === 0) {
    const by = roles.includes(schemaOwner) ? ` authorization ${client.escapeIdentifier(schemaOwner)}` : ''
    await client.query(`create schema ${id}${by}`)
  }
  if (!schema.startsWith('pg_') && roles.includes(owner))
    await client.query(`grant create on schema ${id} to ${client.escapeIdentifier(owner)}`)
}

/** Finds the version of the source, or the one that the server creates by default: the comparison of the schemas names another one. */
async function findExtension(
  client: Client,
  { name, version }: ExtensionProfile,
): Promise<{ trusted: boolean; version: string } | null> {
  const { rows } = await client.query<{ trusted: boolean; version: string }>(
    `select v.trusted, v.version from pg_available_extension_versions v join pg_available_extensions e using (name)
     where v.name = $1 and v.version in ($2, e.default_version) order by v.version <> $2`,
    [name, version],
  )
  return rows[0] ?? null
}

const missingError = (target: string, name: string) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `the rehearsal server does not have the extension ${name} of target ${target}`,
    {
      next: `name a server that has it (targets.${target}.rehearsalUrlEnv), or accept in bundle.yaml that the copy lacks it (deviations: [extension ${name}]), and start another run`,
    },
  )

const unapprovedError = (target: string, name: string) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `target ${target} has the extension ${name}, by which code could reach what is outside of the database, so no copy of it is made`,
    {
      next: `accept in bundle.yaml that the copy lacks it, with what needs it (deviations: [extension ${name}]), or drop the extension, and start another run`,
    },
  )
