import { createHash } from 'node:crypto'
import type { Sql } from '../../targets/target.ts'

// The verifier's own code path. It reads rows and source again, hashes them again, and imports nothing of the executor's code, because
// a mistake must not confirm itself. A structural test checks the imports of this file.

/** Revision of the verifier, for its signature; it has to differ from the executor's. */
export const VERIFIER_REVISION = 'cutter-verifier/1'

/** The result of the verifier. */
export interface VerifierFinding {
  /** Axis 1, the texts: the document, reassembled from the database alone, is the source byte for byte. */
  reassembled: boolean
  /** Axis 2, the record: there are exactly 13 + 2n + e governance rows, two of them the verifier's own, and n affected rows. */
  arithmetic: boolean
  facts: Record<string, boolean | number | string>
}

interface Payload {
  document: string
  sourceSha256: string
  /** Number of units and versions that were written. */
  units: number
  /** Number of units in force that the text no longer has. */
  endings: number
  aliases: number
  /** Ids of the source that lead to its units; left out if it has none. */
  sourceIds?: { id: string; address: string }[]
  layout: ({ unit: string; contentHash: string } | { text: string })[]
}

const hash = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

/**
 * Reassembles a document from its change set's layout and the texts of its versions.
 *
 * @throws Error when the change set or a text is missing.
 */
export async function reassembleDocument(sql: Sql, changeSetId: string): Promise<Buffer> {
  const payload = await payloadOf(sql, changeSetId)
  if (payload === undefined) throw new Error(`there is no change set ${changeSetId}`)
  return assembleText(sql, payload)
}

async function payloadOf(sql: Sql, changeSetId: string): Promise<Payload | undefined> {
  const { rows } = await sql.query<{ payload_summary: Payload }>(
    'select payload_summary from cutter_governance.cut_change_set where change_set_id = $1',
    [changeSetId],
  )
  return rows[0]?.payload_summary
}

async function assembleText(sql: Sql, { layout, document }: Payload): Promise<Buffer> {
  const { rows } = await sql.query<{ address: string; body: string }>(
    `select u.canonical_address as address, v.body
     from public.information_unit u
     cross join lateral (select n.body from public.unit_version n where n.unit_id = u.id offset 0) v where u.doc_code = $1`,
    [document],
  )
  const texts = new Map(rows.map(({ address, body }) => [`${address}\n${hash(body)}`, body]))
  const parts = layout.map((piece) => {
    if ('text' in piece) return piece.text
    const body = texts.get(`${piece.unit}\n${piece.contentHash.replace('sha256:', '')}`)
    if (body === undefined) throw new Error(`the text of ${piece.unit} is not in the database`)
    return body
  })
  return Buffer.from(parts.join(''), 'utf8')
}

/** Examines everything that a cut wrote, before the verifier adds its own rows. */
export async function examineCut(
  sql: Sql,
  given: {
    changeSetId: string
    envelopeId: string
    backlogId: string
    source: Uint8Array
    pinnedSha256: string
  },
): Promise<VerifierFinding> {
  const payload = await payloadOf(sql, given.changeSetId)
  if (payload === undefined) throw new Error(`there is no change set ${given.changeSetId}`)
  const rebuilt = await assembleText(sql, payload)
  const sourceSha256 = hash(given.source)
  const rowsFound = await countGovernance(sql, given)
  const written = payload.units
  const facts = {
    source_is_the_pinned_one: sourceSha256 === given.pinnedSha256,
    change_set_names_the_source: payload.sourceSha256 === sourceSha256,
    rebuilt_is_the_source: hash(rebuilt) === sourceSha256 && Buffer.compare(rebuilt, given.source) === 0,
    governance_rows: rowsFound,
    governance_rows_expected: 11 + 2 * written + payload.endings,
    units_written: written,
    rows_named_and_there: await countAffected(sql, given.changeSetId),
  }
  return {
    reassembled:
      facts.source_is_the_pinned_one && facts.change_set_names_the_source && facts.rebuilt_is_the_source,
    arithmetic: rowsFound === facts.governance_rows_expected && facts.rows_named_and_there === written,
    facts,
  }
}

async function countGovernance(
  sql: Sql,
  ids: { changeSetId: string; envelopeId: string; backlogId: string },
): Promise<number> {
  const { rows } = await sql.query<{ rows: number }>(
    `select (
       (select count(*) from cutter_governance.cut_change_set where change_set_id = $1)
       + (select count(*) from cutter_governance.cut_change_set_affected_row where change_set_id = $1)
       + (select count(*) from cutter_governance.manifest_envelope where envelope_id = $2)
       + (select count(*) from cutter_governance.manifest_unit_block where envelope_id = $2)
       + (select count(*) from cutter_governance.review_decision where manifest_id = $2)
       + (select count(*) from cutter_governance.dot_pair_signature where cross_reference_change_set_id = $1)
       + (select count(*) from cutter_governance.decision_backlog_entry where backlog_entry_id = $3)
       + (select count(*) from cutter_governance.decision_backlog_history where backlog_entry_id = $3)
       + (select count(*) from cutter_governance.decision_backlog_sweep_log where backlog_entry_id = $3))::int as rows`,
    [ids.changeSetId, ids.envelopeId, ids.backlogId],
  )
  return rows[0]!.rows
}

/** Counts the affected rows whose draft exists: a unit, or a version of a unit in force. */
async function countAffected(sql: Sql, changeSetId: string): Promise<number> {
  const { rows } = await sql.query<{ rows: number }>(
    `select count(*)::int as rows from cutter_governance.cut_change_set_affected_row a
     left join lateral (
       select i.lifecycle_status from public.information_unit i
       where a.target_table = 'information_unit' and i.id = a.target_row_id limit 1) u on true
     left join lateral (
       select n.lifecycle_status from public.unit_version n
       where a.target_table = 'unit_version' and n.id = a.target_row_id limit 1) v on true
     where a.change_set_id = $1 and coalesce(u.lifecycle_status, v.lifecycle_status) = 'draft'`,
    [changeSetId],
  )
  return rows[0]!.rows
}

/**
 * Examines the document again when it is in force: the units in force are exactly those of the layout, each with the layout's text.
 * `examineCut` has checked before that these texts add up to the source, and a text never changes under its hash.
 */
export async function examineInForce(sql: Sql, changeSetId: string): Promise<Record<string, boolean>> {
  const payload = await payloadOf(sql, changeSetId)
  if (payload === undefined) return { change_set_is_there: false }
  const { rows: units } = await sql.query<{ address: string; hash: string | null; status: string | null }>(
    `select u.canonical_address as address, v.content_hash as hash, v.lifecycle_status as status
     from public.information_unit u
     left join lateral (
       select n.content_hash, n.lifecycle_status from public.unit_version n
       where n.id = u.version_anchor_ref and n.unit_id = u.id limit 1) v on true
     where u.doc_code = $1 and u.lifecycle_status = 'enacted'`,
    [payload.document],
  )
  const { rows: aliases } = await sql.query<{ rows: number }>(
    `select count(*)::int as rows from cutter_governance.canonical_address_alias a
     cross join lateral (
       select i.doc_code, i.lifecycle_status from public.information_unit i where i.id = a.target_unit_id limit 1) u
     where a.change_set_id = $1 and a.alias_kind <> 'external_reference' and u.doc_code = $2 and u.lifecycle_status = 'enacted'`,
    [changeSetId, payload.document],
  )
  const inForce = new Map(units.map(({ address, hash, status }) => [address, { hash, status }]))
  const planned = payload.layout.filter((piece) => 'unit' in piece)
  return {
    change_set_is_there: true,
    every_unit_of_the_text_is_in_force: planned.every(
      ({ unit, contentHash }) =>
        inForce.get(unit)?.hash === contentHash && inForce.get(unit)?.status === 'enacted',
    ),
    nothing_else_of_the_document_is_in_force: inForce.size === new Set(planned.map(({ unit }) => unit)).size,
    every_alias_leads_to_a_unit_in_force: aliases[0]!.rows === payload.aliases,
    ...(await examineSourceIds(sql, payload)),
  }
}

/** Examines whether each id of the source leads to its unit, by whichever cut wrote that. Nothing for a source without ids. */
async function examineSourceIds(
  sql: Sql,
  { document, sourceIds = [] }: Payload,
): Promise<Record<string, boolean>> {
  if (sourceIds.length === 0) return {}
  const { rows } = await sql.query<{ missing: number }>(
    `select count(*)::int as missing from unnest($1::text[], $2::text[]) as p (alias, address)
     where not exists (
       select from cutter_governance.canonical_address_alias a
       join public.information_unit u on u.id = a.target_unit_id
       where a.alias_kind = 'external_reference' and a.alias_address = p.alias and u.canonical_address = p.address)`,
    [sourceIds.map(({ id }) => `${document}#${id}`), sourceIds.map(({ address }) => address)],
  )
  return { every_id_of_the_source_leads_to_its_unit: rows[0]!.missing === 0 }
}
