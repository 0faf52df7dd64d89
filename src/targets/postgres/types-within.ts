/**
 * An entry `types (oid)` of a WITH RECURSIVE clause: some types, with those of which their values consist: base types of domains, elements, columns,
 * subtypes of ranges.
 * @param first a SELECT of one column `oid` with the types to begin with
 */
export const typesWithin = (first: string): string => `types as (
  ${first}
  union
  select part.oid from types join pg_catalog.pg_type t on t.oid = types.oid
    left join pg_catalog.pg_range r on t.oid = r.rngtypid or t.oid::text = pg_catalog.to_jsonb(r) ->> 'rngmultitypid'
    cross join lateral (
      select t.typbasetype as oid union all select t.typelem union all select r.rngsubtype
      union all select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) part where part.oid <> 0
)`
