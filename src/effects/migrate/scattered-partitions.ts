import { typesWithin } from '../../targets/postgres/types-within.ts'

/**
 * A partition by hash holds the rows whose key has a certain hash. For a value of an enum, or one that names an object of the database, the hash is that
 * of an object id, which a restored database has otherwise. There the same rows are in other partitions, so that they are compared, counted and
 * restored by the table that is partitioned.
 */

/** The types of a key, with those of which its values consist. */
const TYPES_OF_KEY = `with recursive ${typesWithin(`select a.atttypid as oid from pg_catalog.pg_attribute a
    where a.attrelid = k.partrelid and a.attnum = any (k.partattrs::pg_catalog.int2[]) and a.attnum > 0`)}`

/** Of an expression only its operator class is known. */
const BY_EXPRESSION = `exists (select from rows from (pg_catalog.unnest(k.partattrs::pg_catalog.int2[]), pg_catalog.unnest(k.partclass::pg_catalog.oid[])) part (attnum, class)
  join pg_catalog.pg_opclass o on o.oid = part.class
  where part.attnum = 0 and (o.oid >= 16384 or o.opcname in ('enum_ops', 'array_ops', 'record_ops', 'range_ops', 'multirange_ops', 'oid_ops', 'aclitem_ops')))`

/**
 * A list for a WITH RECURSIVE clause: `scattered (root, oid)` has a row for each such table and for each table below it.
 */
export const SCATTERED = `scattered (root, oid) as (
  select k.partrelid, k.partrelid from pg_catalog.pg_partitioned_table k
  where k.partstrat = 'h' and (${BY_EXPRESSION} or exists (${TYPES_OF_KEY}
    select from types join pg_catalog.pg_type t on t.oid = types.oid
    where t.typtype = 'e' or (t.oid < 16384 and (t.typname ~ '^reg' or t.typname = 'aclitem'))))
  union all
  select s.root, i.inhrelid from scattered s join pg_catalog.pg_inherits i on i.inhparent = s.oid
)`

/** Whether a database has such tables: `scattered`. */
export const HAS_SCATTERED = `with recursive ${SCATTERED} select exists (select from scattered) as scattered`

/** The name of the topmost table whose partitions hold a relation, as the catalogue has it; null where none does. Call it below `SCATTERED`. */
export const rootOf = (oid: string) => `(select rn.nspname || '.' || rc.relname from scattered s
  join pg_catalog.pg_class rc on rc.oid = s.root join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
  where s.oid = ${oid} and not exists (select from scattered above where above.oid = s.root and above.root <> s.root))`
