import type { Client } from 'pg'

/**
 * Grants a role in one database what pg_read_all_data would give it: reading tables, views and sequences in all schemas, also of those that
 * roles create later.
 * @param client of the role that restored, which has the rights of all owners
 * @param readers the role that receives it
 * @param roles those that may create objects
 */
export async function grantReads(client: Client, readers: string, roles: string[]): Promise<void> {
  await client.query('set search_path = pg_catalog, pg_temp')
  const { rows } = await client.query<{ text: string }>(
    `select format('grant usage on schema %I to %I', nspname, $1::text) as text
     from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' and pg_has_role(nspowner, 'usage')
     union all
     select format('grant select on %s %I.%I to %I', case relkind when 'S' then 'sequence' else 'table' end, nspname, relname, $1::text)
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema' and pg_has_role(relowner, 'usage')
     union all
     select format('alter default privileges for role %I grant %s to %I', rolname, right_on, $1::text)
     from pg_roles, unnest(array['usage on schemas', 'select on tables', 'select on sequences']) right_on
     where rolname = any ($2) and pg_has_role(oid, 'usage')`,
    [readers, roles],
  )
  await client.query('begin')
  for (const { text } of rows) await client.query(text)
  await client.query('commit')
}
