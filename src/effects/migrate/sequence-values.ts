import type { EffectContext } from '../../domain/effect.ts'
import type { MigrationDatabase, MigrationLimits } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'

/**
 * The last value of each sequence, by name; null where it was never used. Sequences are outside of transactions and may move
 * while a backup is taken, so they are read before and after it.
 */
export type SequenceValues = { [sequence: string]: string | null }

/** Reads the last value of every sequence. */
export async function readSequenceValues(sql: Sql): Promise<SequenceValues> {
  const { rows } = await sql.query<{ name: string; value: string | null }>(
    `select schemaname || '.' || sequencename as name, last_value::text as value from pg_sequences order by name`,
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

const UNUSED = 'unused, begins with '
/** The server would read a query of all sequences of a large database too deeply. */
const AT_ONCE = 500

/**
 * Reads the same of a rehearsal database, where an unused sequence has a text with its first value instead of null. A reader of the
 * target must not do this: it names relations, which others could replace by a view that calls their function.
 */
export async function readRehearsedSequences(sql: Sql): Promise<SequenceValues> {
  const values = await readSequenceValues(sql)
  const { rows } = await sql.query<{ name: string; relation: string }>(
    `select schemaname || '.' || sequencename as name, format('%I.%I', schemaname, sequencename) as relation
     from pg_sequences where last_value is null and has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'select')`,
  )
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const some = rows.slice(from, from + AT_ONCE)
    const text = some.map(
      ({ relation }, at) => `select ${at} as at, last_value::text as begin from ${relation}`,
    )
    const found = await sql.query<{ at: number; begin: string }>(text.join(' union all '))
    for (const { at, begin } of found.rows) values[some[at]!.name] = `${UNUSED}${begin}`
  }
  return values
}

/** Returns the sequences of a rehearsal database to what `readRehearsedSequences` read, where a transaction that was rolled back moved them. */
export async function returnSequences(
  database: MigrationDatabase,
  context: EffectContext,
  limits: MigrationLimits,
  earlier: SequenceValues,
): Promise<void> {
  const now = await database.read(context, readRehearsedSequences)
  const moved = Object.entries(earlier).filter(([name, value]) => value !== null && now[name] !== value)
  if (moved.length === 0) return
  await database.session(context, limits, async (sql) => {
    for (const [name, value] of moved)
      await sql.query(
        `select setval(c.oid, $2, $3) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname || '.' || c.relname = $1 and c.relkind = 'S'`,
        [name, value!.replace(UNUSED, ''), !value!.startsWith(UNUSED)],
      )
  })
}

/** Returns a line for each sequence whose restored value is not between the values before and after the backup. */
export function compareSequences(
  before: SequenceValues,
  after: SequenceValues,
  restored: SequenceValues,
): string[] {
  return Object.keys(before).flatMap((name) => {
    const values = [before[name], after[name]].map((value) => BigInt(value ?? 0))
    const [low, high] = values[0]! <= values[1]! ? values : [values[1], values[0]]
    if (restored[name] === undefined) return [`sequence ${name} is missing from the rehearsal database`]
    const found = BigInt(restored[name] ?? 0)
    return found >= low! && found <= high!
      ? []
      : [`sequence ${name} has the value ${found} in the rehearsal database, not ${high}`]
  })
}
