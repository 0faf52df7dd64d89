/** A definition in a dump, as pg_restore writes it as SQL. */
export interface DumpDefinition {
  /** Such as `ACL` or `MATERIALIZED VIEW DATA`. */
  type: string
  name: string
  text: string
}

/**
 * Splits pg_restore's SQL at the comment before each definition. A text of others may hold such a comment; it only runs with the
 * privileges of the role that restores, and the restored schema is compared afterwards.
 */
export function readDefinitions(sql: string): DumpDefinition[] {
  // Newer versions end with a command of psql.
  const [, ...parts] = sql
    .replaceAll(/^\\(?:un)?restrict .*$/gm, '')
    .split(/^--\n-- (?:Data for )?Name: (.*); Type: (.*); Schema: .*\n--\n/m)
  const definitions: DumpDefinition[] = []
  for (let at = 0; at + 2 < parts.length; at += 3)
    definitions.push({ name: parts[at]!, type: parts[at + 1]!, text: parts[at + 2]! })
  return definitions
}
