import type { ClientBase } from 'pg'

/**
 * The database that a session reached, as a text that is the same for every login: its OID is unique within a server, and the start of a server
 * distinguishes it from others.
 */
export async function readReachedDatabase(client: Pick<ClientBase, 'query'>): Promise<string> {
  const { rows } = await client.query<{ identity: string }>(
    `select format('%s of the server started at %s', d.oid, pg_postmaster_start_time()) as identity
     from pg_catalog.pg_database d where d.datname = current_database()`,
  )
  return rows[0]!.identity
}
