import type { EffectContext } from '../../domain/effect.ts'
import type { Sql } from '../../targets/target.ts'
import { actorOf } from './document-writer.ts'
import { driftError } from './drift.ts'
import { type CutPlan, isWritten, type UnitAction } from './plan.ts'
import { encodeTextArray } from './text-array.ts'

/** A unit that the plan writes, with its ids in the target. */
export interface WrittenUnit {
  address: string
  unitId: string
  versionId: string
  versionSeq: number
}

/** Counts the units and versions that a plan creates, without those that it finds as drafts. */
export function countCreated({ actions }: CutPlan): { units: number; versions: number } {
  const units = actions.filter(({ action }) => action === 'create').length
  return { units, versions: actions.filter(makesVersion).length }
}

const makesVersion = ({ action }: UnitAction) =>
  action === 'create' || action === 'redraft' || action === 'amend' || action === 'revive'

/**
 * Makes the live calls, `fn_iu_create` and `fn_iu_add_version`. A rehearsal makes the same calls. Returns the written units in the plan's
 * order.
 *
 * @throws Stop STOP_DRIFT when the target creates other rows than planned.
 */
export async function writeUnits(
  sql: Sql,
  context: EffectContext,
  plan: CutPlan,
  bytes: Uint8Array,
): Promise<WrittenUnit[]> {
  const writes = plan.actions.filter(isWritten)
  const ofUnit = ({ action }: UnitAction) => action === 'create' || action === 'adopt'
  const ofUnits = writes.filter(ofUnit)
  const ofVersions = writes.filter((action) => !ofUnit(action))
  const bodies = (actions: UnitAction[]) =>
    encodeTextArray(actions.map(({ start, end }) => bytes.subarray(start, end)))
  const rows = [
    ...(await createUnits(sql, { plan, actor: actorOf(context) }, ofUnits, bodies(ofUnits))),
    ...(await addVersions(sql, actorOf(context), ofVersions, bodies(ofVersions))),
  ]
  const made = new Map(rows.map((row) => [row.address, row]))
  const wrong = writes.filter((action) => makesVersion(action) !== made.get(action.address)?.created)
  if (wrong.length === 0)
    return writes.map(({ address }) => {
      const { created: _, ...unit } = made.get(address)!
      return unit
    })
  throw driftError(
    'the units have changed since the plan was made',
    wrong.map(({ address, action }) => `unit ${address} was planned as ${action}, which no longer fits`),
    'cancel this run and start another',
    'nothing was written',
  )
}

/** The answer of a writer function for a unit. */
type Answer = WrittenUnit & { created: boolean }
const ANSWER = 'address, unit_id as "unitId", version_id as "versionId", version_seq as "versionSeq", created'

async function createUnits(
  sql: Sql,
  { plan, actor }: { plan: CutPlan; actor: string },
  writes: UnitAction[],
  bodies: Buffer,
): Promise<Answer[]> {
  if (writes.length === 0) return []
  const { rows } = await sql.query<Answer>(
    `select ${ANSWER} from public.fn_iu_create(
       p_addresses => $1, p_titles => $2, p_bodies => $3, p_kinds => $4, p_section_types => $4, p_parents => $5,
       p_section_codes => $6, p_sort_orders => $7, p_actor => $8, p_owner => $9, p_publication_type => null, p_doc_code => $9)`,
    [
      writes.map(({ address }) => address),
      writes.map(({ title }) => title),
      bodies,
      writes.map(({ kind }) => kind),
      writes.map(({ parent }) => parent),
      writes.map(({ number }) => number),
      writes.map(({ sortOrder }) => sortOrder),
      actor,
      plan.document,
    ],
  )
  return rows
}

async function addVersions(sql: Sql, actor: string, writes: UnitAction[], bodies: Buffer): Promise<Answer[]> {
  if (writes.length === 0) return []
  const { rows } = await sql.query<Answer>(
    `select ${ANSWER} from public.fn_iu_add_version(
       p_addresses => $1, p_titles => $2, p_bodies => $3, p_actor => $4)`,
    [writes.map(({ address }) => address), writes.map(({ title }) => title), bodies, actor],
  )
  return rows
}

/** Reads the written units in the plan's order. The newest version of a unit is the one that this cut wrote or found. */
export async function readWrittenUnits(sql: Sql, plan: CutPlan): Promise<WrittenUnit[]> {
  const { rows } = await sql.query<WrittenUnit>(
    `select p.address, u.id as "unitId", v.id as "versionId", v.version_seq as "versionSeq"
     from unnest($1::text[]) with ordinality as p (address, n)
     cross join lateral (
       select i.id from public.information_unit i where i.canonical_address = p.address limit 1) u
     cross join lateral (
       select n.id, n.version_seq from public.unit_version n where n.unit_id = u.id order by n.version_seq desc limit 1) v
     order by p.n`,
    [plan.actions.filter(isWritten).map(({ address }) => address)],
  )
  return rows
}
