import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationDatabase } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { readCatalogue } from './read-catalogue.ts'
import { type RehearsalResult, relationsOf } from './rehearsal-result.ts'

/** Reads the catalogue of a target, with the relations on which the plan depends and those that are below them now. */
export const readScoped = (
  database: MigrationDatabase,
  context: EffectContext,
  rehearsal: Pick<RehearsalResult, 'touches' | 'reaches'>,
): Promise<{ scope: string[]; catalogue: Catalogue }> =>
  database.read(context, async (sql) => ({
    scope: await withChildren(sql, relationsOf(rehearsal)),
    catalogue: await readCatalogue(sql),
  }))

/**
 * Adds to relations those below them, as `schema.table`: partitions and tables that inherit. Whoever reads a table reads these as
 * well, and runs the functions of their indexes. So a child that others make is a change of the table.
 */
export async function withChildren(sql: Sql, relations: string[]): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(CHILDREN, [relations])
  return [...relations, ...rows.map(({ name }) => name)]
}

const CHILDREN = `
with recursive labels as (
  select c.oid, n.nspname || '.' || c.relname as label from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'f')
), below (oid) as (
  select i.inhrelid from pg_catalog.pg_inherits i join labels on labels.oid = i.inhparent where label = any ($1)
  union
  select i.inhrelid from pg_catalog.pg_inherits i join below on below.oid = i.inhparent
)
select label as name from below join labels using (oid) where label <> all ($1) order by 1`
