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
