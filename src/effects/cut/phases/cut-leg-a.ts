import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Sql, Target } from '../../../targets/target.ts'
import { actorOf, type CutDeps, lockDocument, readJsonEvidence } from '../deps.ts'
import { driftError, stateDifferences, targetDifferences } from '../drift.ts'
import { type CutPlan, expectedState, isWritten, type UnitAction } from '../plan.ts'
import { assertFreeAddresses } from '../taken-address.ts'
import { targetWrite } from '../target-write.ts'
import { encodeTextArray } from '../text-array.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  sourceDigest: z.string(),
})
const output = z.looseObject({ created: z.number(), versions: z.number(), legADigest: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** A unit that the plan writes, as it is in the target. */
export interface WrittenUnit {
  address: string
  unitId: string
  versionId: string
  versionSeq: number
}

/** Leg A: units, versions and anchors, in one transaction, as the executor, through `fn_iu_create` and `fn_iu_add_version` only. */
export function cutLegA(deps: CutDeps): WriteEffect<Input, Output> {
  const at = async (target: Target, context: EffectContext, given: Input) => {
    const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
    const bytes = await context.evidence(given.sourceDigest)
    return target.write('executor', context, async (sql) => {
      await lockDocument(sql, given.document)
      await refuseDrift(target, sql, context, plan)
      return resultOf(await writeUnits(sql, context, plan, bytes), plan)
    })
  }
  return targetWrite(deps, { name: 'cut_leg_a', input, output, write: at, committed: probeAt })
}

/** Rows by this run's actor tell that its one transaction committed; a plan that creates none has nothing to lose by another go. */
async function probeAt(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const plan = await readJsonEvidence<CutPlan>(context, given.planDigest)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, given.document)
    // Each new unit has a first version by the same actor, so versions count both.
    const { rows } = await sql.query<{ made: number }>(
      `select coalesce(sum(v.made), 0)::int as made from public.information_unit u cross join lateral (
         select count(*) as made from public.unit_version n where n.unit_id = u.id and n.created_by = $2) v
       where u.doc_code = $1`,
      [given.document, actorOf(context)],
    )
    const planned = madeBy(plan).versions
    const made = rows[0]!.made
    if (made === 0) return { outcome: 'not-committed' }
    if (made !== planned)
      return {
        outcome: 'unknown',
        why: `${made} of ${planned} versions are there, though one transaction writes them all`,
      }
    return { outcome: 'committed', ...resultOf(await writtenUnits(sql, plan), plan) }
  })
}

/** The world once more, inside the lock and the transaction that writes. A dry run's copy is another database by design. */
async function refuseDrift(target: Target, sql: Sql, { mode }: EffectContext, plan: CutPlan): Promise<void> {
  const found = await target.surveyWithin(sql, plan.document)
  assertFreeAddresses(
    plan.document,
    plan.actions.map(({ address }) => address),
    found.neighbours,
  )
  const differences = [
    ...(mode === 'live' ? targetDifferences(plan.target, found.server) : []),
    ...stateDifferences(plan.expected, expectedState(found)),
  ]
  if (differences.length === 0) return
  throw driftError(
    'the target is no longer as the approved plan says',
    differences,
    'cancel this run and start another: its plan, and only that, was approved',
    'nothing was written',
  )
}

/** What a plan brings into being, as against what it finds there as drafts. */
function madeBy({ actions }: CutPlan): { units: number; versions: number } {
  const units = actions.filter(({ action }) => action === 'create').length
  return { units, versions: actions.filter(makesVersion).length }
}

const makesVersion = ({ action }: UnitAction) =>
  action === 'create' || action === 'redraft' || action === 'amend' || action === 'revive'

/** The live calls themselves; a rehearsal makes the very same. Gives what is there now, in the plan's order. */
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
    'the units are no longer as planned',
    wrong.map(({ address, action }) => `unit ${address} was planned as ${action}, which no longer fits`),
    'cancel this run and start another',
    'nothing was written',
  )
}

/** What a writer function answers of a unit. */
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

/** In the plan's order. A unit's newest version is what this cut wrote or found, whether the unit is a draft or in force. */
async function writtenUnits(sql: Sql, plan: CutPlan): Promise<WrittenUnit[]> {
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

function resultOf(rows: WrittenUnit[], plan: CutPlan): EffectResult<Output> {
  const evidence = jsonEvidence('leg-a', rows)
  const { units, versions } = madeBy(plan)
  const adopted = plan.actions.filter(isWritten).length - versions
  return {
    output: { created: units, versions, adopted, legADigest: evidence.digest },
    evidence: [evidence],
  }
}
