import { createHash } from 'node:crypto'
import type { Target, TargetCaller } from '../../targets/target.ts'

/** A document as it is stored in a target: the newest text in force, or the named source version. */
export interface StoredText {
  document: string
  sourceVersionId: string
  sourceSha256: string
  /** Profile, version and levels, where the record of the cut names them. */
  reading?: string
  /** Profile and version, where the record of the cut names them; cuts of releases before 0.3.0 name none. */
  profile?: string
  changeSetId: string
  /** ISO 8601. */
  cutAt: string
  /** ISO 8601; null while its units are drafts. */
  inForceSince: string | null
  pieces: StoredPiece[]
}

/** A literal text between units, or a unit with its text. */
export type StoredPiece = { text: string } | (StoredUnit & { text: string })

/** A unit of a stored document. */
interface StoredUnit {
  address: string
  unitId: string
  versionId: string
  versionSeq: number
  lifecycleStatus: string
  kind: string
  number: string | null
  title: string | null
  parent: string | null
}

interface ChangeSet {
  changeSetId: string
  payload: {
    sourceVersionId: string
    sourceSha256: string
    reading?: string
    profile?: string
    layout: ({ unit: string; contentHash: string } | { text: string })[]
  }
  cutAt: string
  inForceSince: string | null
}

/**
 * Reads a document from a target, as the verifier, which alone may read the record of a cut. Returns null if the document, or that
 * version of it, was never cut there.
 *
 * @throws Error when a text of it is missing in the target, or the texts do not add up to the source.
 */
export async function readStoredText(
  target: Target,
  caller: TargetCaller,
  { document, sourceVersionId }: { document: string; sourceVersionId?: string | undefined },
): Promise<StoredText | null> {
  return target.read('verifier', caller, async (sql) => {
    const { rows: sets } = await sql.query<ChangeSet>(CHANGE_SETS, [document, sourceVersionId ?? null])
    const [found] = sets
    if (found === undefined) return null
    const { rows } = await sql.query<StoredUnit & { contentHash: string; body: string }>(VERSIONS, [document])
    const versions = new Map(rows.map((row) => [`${row.address}\n${row.contentHash}`, row]))
    const pieces = found.payload.layout.map((piece): StoredPiece => {
      if ('text' in piece) return piece
      const version = versions.get(`${piece.unit}\n${piece.contentHash}`)
      if (version === undefined)
        throw new Error(`the text of ${piece.unit} is missing in target ${target.name}`)
      const { contentHash: _, body, ...unit } = version
      return { ...unit, text: body }
    })
    const { changeSetId, cutAt, inForceSince, payload } = found
    const { sourceVersionId: id, sourceSha256, reading, profile } = payload
    const complete = pieces.map(({ text }) => text).join('')
    if (createHash('sha256').update(complete).digest('hex') !== sourceSha256)
      throw new Error(
        `the texts of ${document} in target ${target.name} do not add up to its source ${sourceSha256}`,
      )
    return {
      ...{ document, sourceVersionId: id, sourceSha256, changeSetId, cutAt, inForceSince, pieces },
      ...(reading === undefined ? {} : { reading }),
      ...(profile === undefined ? {} : { profile }),
    }
  })
}

/**
 * Reads the complete text of the units in force, as it was cut last. Returns null where no cut brought them into force, such as for units
 * that others made.
 */
export async function readPriorText(
  target: Target,
  caller: TargetCaller,
  document: string,
  inForce: readonly unknown[],
): Promise<StoredText | null> {
  if (inForce.length === 0) return null
  const found = await readStoredText(target, caller, { document })
  return found?.inForceSince == null ? null : found
}

// A text in force comes before one that is not, then the newest one. A text that was cut and not enacted is not in force.
const CHANGE_SETS = `
  select s.change_set_id as "changeSetId", s.payload_summary as payload, to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "cutAt",
    to_char(r.in_force at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "inForceSince"
  from cutter_governance.cut_change_set s
  join cutter_governance.manifest_envelope e on e.cut_change_set_ref = s.change_set_id
  left join lateral (
    select max(d.created_at) as in_force from cutter_governance.review_decision d
    where d.manifest_id = e.envelope_id and d.governance_event_kind <> 'cut') r on true
  where e.source_doc_ref = $1 and ($2::text is null or s.payload_summary ->> 'sourceVersionId' = $2)
  order by (r.in_force is null), coalesce(r.in_force, s.created_at) desc, s.created_at desc
  limit 1`

const VERSIONS = `
  select u.canonical_address as address, u.id as "unitId", v.id as "versionId", v.version_seq as "versionSeq",
    v.lifecycle_status as "lifecycleStatus", u.unit_kind as kind, u.section_code as number, v.title,
    u.parent_or_container_ref as parent, v.content_hash as "contentHash", v.body
  from public.information_unit u cross join lateral (
    select n.id, n.version_seq, n.lifecycle_status, n.title, n.content_hash, n.body
    from public.unit_version n where n.unit_id = u.id offset 0) v
  where u.doc_code = $1 order by v.version_seq`
