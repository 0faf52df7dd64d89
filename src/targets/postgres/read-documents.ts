import type { Sql } from '../target.ts'

/** A document that a target holds. */
export interface HeldDocument {
  document: string
  /** Units in force at that time. */
  units: number
  /** When a unit of it came into force or went out of it last, up to that time; ISO 8601. */
  changedAt: string
}

/** A unit in force, without its text. */
export interface HeldUnit {
  address: string
  document: string | null
  kind: string
  number: string | null
  title: string | null
  /** The address of what it stands in. */
  parent: string | null
  versionSeq: number
  /** `sha256:…` of its text. */
  contentHash: string
  /** When this version came into force: at its commencement, without one at its approval. ISO 8601 with microseconds. */
  since: string
  /** When its approval was carried out; ISO 8601. */
  enactedAt: string
  /** The day that its cut named for its commencement, YYYY-MM-DD; null if it named none. */
  commencesOn: string | null
  /** The change set that brought it into force; null for one that another program enacted without any. */
  changeSetId: string | null
}

/** A unit in force, with its text. */
export type HeldText = HeldUnit & { text: string }

/** One version of a unit, in force, before that or after. */
export interface HeldVersion {
  versionSeq: number
  status: string
  title: string | null
  contentHash: string
  text: string
  createdAt: string
  /** When its approval was carried out; null for a draft. */
  enactedAt: string | null
  /** The day that its cut named for its commencement, YYYY-MM-DD; null if it named none. */
  commencesOn: string | null
  /** When it comes or came into force; null for a draft. */
  since: string | null
  /** When it goes or went out of force; null if nothing ends it. */
  until: string | null
  changeSetId: string | null
  actor: string | null
  reviewDecisionId: string | null
  reason: string | null
}

/** Reads the server's time, with microseconds. */
export async function readServerTime(sql: Sql): Promise<string> {
  const { rows } = await sql.query<{ at: string }>(`select ${utc('now()')} as at`)
  return rows[0]!.at
}

/** Lists the documents with units in force at a time. */
export async function listDocumentsAt(sql: Sql, at: string): Promise<HeldDocument[]> {
  const { rows } = await sql.query<HeldDocument>(
    `select v.document, (count(*) filter (where v.in_force_until is null or v.in_force_until > $1))::int as units,
       ${utc('greatest(max(v.in_force_since), max(v.in_force_until) filter (where v.in_force_until <= $1))')} as "changedAt"
     from cutter_reading.unit_version v where v.document is not null and v.in_force_since <= $1::timestamptz
     group by v.document having count(*) filter (where v.in_force_until is null or v.in_force_until > $1) > 0
     order by v.document collate "C"`,
    [at],
  )
  return rows
}

/** Lists the units in force at a time: those of a document, those that stand in `address`, and the unit of that address. */
export async function listUnitsAt(sql: Sql, at: string, address: string): Promise<HeldUnit[]> {
  const { rows } = await sql.query<HeldUnit>(
    `select ${COLUMNS} from cutter_reading.in_force_at($1) f
     where f.document = $2 or f.parent = $2 or f.address = $2
     order by f.sort_order nulls last, f.address collate "C"`,
    [at, address],
  )
  return rows
}

/** Reads the text of a unit as it was in force at a time; null if it was not. */
export async function readUnitTextAt(sql: Sql, at: string, address: string): Promise<string | null> {
  const { rows } = await sql.query<{ text: string }>(
    'select f.text from cutter_reading.in_force_at($1) f where f.address = $2',
    [at, address],
  )
  return rows[0]?.text ?? null
}

/** Finds units in force at a time whose title, text or address has these words, in this order and whatever their case. */
export async function searchUnitsAt(
  sql: Sql,
  at: string,
  { words, document, limit }: { words: string; document: string | null; limit: number },
): Promise<HeldText[]> {
  const { rows } = await sql.query<HeldText>(
    `select ${COLUMNS}, f.text from cutter_reading.search($2, $1) f where $3::text is null or f.document = $3
     order by f.document collate "C", f.sort_order nulls last, f.address collate "C" limit $4`,
    [at, words, document, limit],
  )
  return rows
}

/** Reads all versions of a unit, the oldest first. */
export async function readVersions(sql: Sql, address: string): Promise<HeldVersion[]> {
  const { rows } = await sql.query<HeldVersion>(
    `select version_seq as "versionSeq", status, title, content_hash as "contentHash", text,
       ${utc('created_at')} as "createdAt", ${utc('enacted_at')} as "enactedAt", commences_on::text as "commencesOn",
       ${utc('in_force_since')} as since, ${utc('in_force_until')} as until,
       change_set_id as "changeSetId", actor, review_decision_id as "reviewDecisionId", coalesce(end_reason, reason) as reason
     from cutter_reading.history($1) order by version_seq`,
    [address],
  )
  return rows
}

/** Writes an expression of type timestamptz as ISO 8601, with all digits: with fewer, a time would lie before what it names. */
function utc(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

const COLUMNS = `f.address, f.document, f.kind, f.number, f.title, f.parent, f.version_seq as "versionSeq",
  f.content_hash as "contentHash", ${utc('f.in_force_since')} as since, ${utc('f.enacted_at')} as "enactedAt",
  f.commences_on::text as "commencesOn", f.change_set_id as "changeSetId"`
