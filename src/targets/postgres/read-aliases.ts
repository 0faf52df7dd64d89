import type { Sql } from '../target.ts'

/** An alias of a unit: `rename` and `redirect` lead from an address that a text had before, `external_reference` from an id of its source. */
export interface HeldAlias {
  alias: string
  kind: string
  /** The unit to which it leads. */
  address: string
  document: string | null
  /** Text of that unit at the time that was asked for; null if it was not in force. */
  text: string | null
  changeSetId: string | null
}

/**
 * Finds the aliases of these names, the newest first, with the texts to which they lead.
 * @param names former addresses, ids with their document (`LAW#art_5`), or ids alone, which any document may have
 */
export async function readAliasesAt(sql: Sql, at: string, names: readonly string[]): Promise<HeldAlias[]> {
  const { rows } = await sql.query<HeldAlias>(
    `select a.alias, a.kind, a.address, a.document, f.text, a.change_set_id as "changeSetId"
     from (
       select n.name as alias from unnest($2::text[]) as n (name)
       union
       select d.document || '#' || n.name
       from unnest($2::text[]) as n (name), (select distinct doc_code as document from public.information_unit) d
       where position('#' in n.name) = 0) asked
     join cutter_reading.alias a on a.alias = asked.alias
     left join lateral (select v.text from cutter_reading.in_force_at($1) v where v.address = a.address) f on true
     where a.kind in ('rename', 'redirect', 'external_reference', 'previous_canonical')
     order by a.created_at desc, a.address collate "C"`,
    [at, names],
  )
  return rows
}
