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
  /** When this version came into force; ISO 8601 with microseconds. */
  since: string
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
  /** When it came into force; null if it never did. */
  since: string | null
  /** When it went out of force; null if it did not. */
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
    `select f.doc_code as document, count(*)::int as units,
       (select ${utc('max(l.created_at)')} from public.iu_lifecycle_log l join public.information_unit i on i.id = l.unit_id
        where i.doc_code = f.doc_code and l.created_at <= $1) as "changedAt"
     from (${IN_FORCE}) f where f.doc_code is not null group by f.doc_code order by f.doc_code collate "C"`,
    [at],
  )
  return rows
}

/** Lists the units in force at a time: those of a document, those that stand in `address`, and the unit of that address. */
export async function listUnitsAt(sql: Sql, at: string, address: string): Promise<HeldUnit[]> {
  const { rows } = await sql.query<HeldUnit>(
    `select ${COLUMNS} from (${IN_FORCE}) f
     where f.doc_code = $2 or f.parent_or_container_ref = $2 or f.canonical_address = $2
     order by f.sort_order nulls last, f.canonical_address collate "C"`,
    [at, address],
  )
  return rows
}

/** Reads the text of a unit as it was in force at a time; null if it was not. */
export async function readUnitTextAt(sql: Sql, at: string, address: string): Promise<string | null> {
  const { rows } = await sql.query<{ body: string }>(
    `select f.body from (${IN_FORCE}) f where f.canonical_address = $2`,
    [at, address],
  )
  return rows[0]?.body ?? null
}

/** Finds units in force at a time whose title or text has these words, in this order and whatever their case. */
export async function searchUnitsAt(
  sql: Sql,
  at: string,
  { words, document, limit }: { words: string; document: string | null; limit: number },
): Promise<HeldText[]> {
  const pattern = `%${words.replace(/[\\%_]/g, '\\$&')}%`
  const { rows } = await sql.query<HeldText>(
    `select ${COLUMNS}, f.body as text from (${IN_FORCE}) f
     where (f.body ilike $2 or f.title ilike $2 or f.canonical_address ilike $2) and ($3::text is null or f.doc_code = $3)
     order by f.doc_code collate "C", f.sort_order nulls last, f.canonical_address collate "C" limit $4`,
    [at, pattern, document, limit],
  )
  return rows
}

/** Reads all versions of a unit, the oldest first. */
export async function readVersions(sql: Sql, address: string): Promise<HeldVersion[]> {
  const { rows } = await sql.query<HeldVersion>(
    `select v.version_seq as "versionSeq", v.lifecycle_status as status, v.title, v.content_hash as "contentHash", v.body as text,
       ${utc('v.created_at')} as "createdAt", ${utc('e.created_at')} as since, ${utc('x.created_at')} as until,
       e.change_set_id as "changeSetId", e.actor, e.review_decision_id as "reviewDecisionId", coalesce(x.reason, e.reason) as reason
     from public.information_unit u
       join public.unit_version v on v.unit_id = u.id
       left join public.iu_lifecycle_log e on e.version_id = v.id and e.to_status = 'enacted'
       left join lateral (
         select l.created_at, l.reason from public.iu_lifecycle_log l
         where l.version_id = v.id and l.to_status in ('superseded', 'retired') order by l.created_at limit 1) x on true
     where u.canonical_address = $1 order by v.version_seq`,
    [address],
  )
  return rows
}

/** Writes an expression of type timestamptz as ISO 8601, with all digits: with fewer, a time would lie before what it names. */
function utc(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

// A version is in force from the row that enacts it to the row that ends it. Each version takes each edge once.
const IN_FORCE = `
  select u.canonical_address, u.doc_code, u.unit_kind, u.section_code, u.parent_or_container_ref, u.sort_order,
    v.version_seq, v.title, v.body, v.content_hash, e.created_at as since, e.change_set_id
  from public.information_unit u
    join public.unit_version v on v.unit_id = u.id
    join public.iu_lifecycle_log e on e.version_id = v.id and e.to_status = 'enacted' and e.created_at <= $1::timestamptz
  where not exists (
    select from public.iu_lifecycle_log x
    where x.version_id = v.id and x.to_status in ('superseded', 'retired') and x.created_at <= $1::timestamptz)`

const COLUMNS = `f.canonical_address as address, f.doc_code as document, f.unit_kind as kind, f.section_code as number, f.title,
  f.parent_or_container_ref as parent, f.version_seq as "versionSeq", f.content_hash as "contentHash",
  ${utc('f.since')} as since, f.change_set_id as "changeSetId"`
