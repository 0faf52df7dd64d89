import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../domain/effect.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import type { Sql, Target } from '../../targets/target.ts'
import { driftStop, stateDifferences, targetDifferences } from './drift.ts'
import { type CutPlan, expectedState } from './plan.ts'
import { refuseTakenAddress } from './taken-address.ts'
import { actorOf, type CutWorld, jsonOf, lockDocument } from './world.ts'
import { writeEffect } from './write-effect.ts'

const input = z.object({
  document: z.string(),
  target: z.string(),
  planDigest: z.string(),
  sourceDigest: z.string(),
})
const output = z.looseObject({ created: z.number(), legADigest: z.string() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** A unit that the plan writes, as it is in the target. */
export interface WrittenUnit {
  address: string
  unitId: string
  versionId: string
  versionSeq: number
}

/** Leg A: units, versions and anchors, in one transaction, as the executor, through `fn_iu_create` only. */
export function cutLegA(world: CutWorld): WriteEffect<Input, Output> {
  const at = async (target: Target, context: EffectContext, given: Input) => {
    const plan = await jsonOf<CutPlan>(context, given.planDigest)
    const bytes = await context.evidence(given.sourceDigest)
    return target.write('executor', context, async (sql) => {
      await lockDocument(sql, given.document)
      await refuseDrift(target, sql, context, plan)
      await createUnits(sql, context, plan, bytes)
      return resultOf(await writtenUnits(sql, plan), plan)
    })
  }
  return writeEffect(world, { name: 'cut_leg_a', input, output, write: at, committed: probeAt })
}

/** Rows by this run's actor tell that its one transaction committed; a plan that creates none has nothing to lose by another go. */
async function probeAt(target: Target, context: EffectContext, given: Input): Promise<Probe<Output>> {
  const plan = await jsonOf<CutPlan>(context, given.planDigest)
  return target.write('executor', context, async (sql): Promise<Probe<Output>> => {
    await lockDocument(sql, given.document)
    const { rows } = await sql.query<{ made: number }>(
      'select count(*)::int as made from public.information_unit where doc_code = $1 and created_by = $2',
      [given.document, actorOf(context)],
    )
    const planned = plan.actions.filter(({ action }) => action === 'create').length
    const made = rows[0]!.made
    if (made === 0) return { outcome: 'not-committed' }
    if (made !== planned)
      return {
        outcome: 'unknown',
        why: `${made} of ${planned} units are there, though one transaction writes them all`,
      }
    return { outcome: 'committed', ...resultOf(await writtenUnits(sql, plan), plan) }
  })
}

/** The world once more, inside the lock and the transaction that writes. A dry run's copy is another database by design. */
async function refuseDrift(target: Target, sql: Sql, { mode }: EffectContext, plan: CutPlan): Promise<void> {
  const found = await target.surveyWithin(sql, plan.document)
  refuseTakenAddress(
    plan.document,
    plan.actions.map(({ address }) => address),
    found.neighbours,
  )
  const differences = [
    ...(mode === 'live' ? targetDifferences(plan.target, found.server) : []),
    ...stateDifferences(plan.expected, expectedState(found)),
  ]
  if (differences.length === 0) return
  throw driftStop(
    'the target is no longer as the approved plan says',
    differences,
    'cancel this run and start another: its plan, and only that, was approved',
    'nothing was written',
  )
}

/** The live calls themselves; a rehearsal makes the very same. */
export async function createUnits(
  sql: Sql,
  context: EffectContext,
  plan: CutPlan,
  bytes: Uint8Array,
): Promise<void> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const writes = plan.actions.filter(({ action }) => action !== 'keep')
  if (writes.length === 0) return
  const { rows } = await sql.query<{ address: string; created: boolean }>(
    `select u.address, made.created
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
       with ordinality as u (address, title, body, kind, code, parent, sort_order, n),
     lateral public.fn_iu_create(
       p_address => u.address, p_title => u.title, p_body => u.body, p_actor => $8, p_kind => u.kind, p_section_type => u.kind,
       p_owner => $9, p_parent => u.parent, p_doc_code => $9, p_section_code => u.code, p_sort_order => u.sort_order) as made
     order by u.n`,
    [
      writes.map(({ address }) => address),
      writes.map(({ title }) => title),
      writes.map(({ start, end }) => text.decode(bytes.subarray(start, end))),
      writes.map(({ kind }) => kind),
      writes.map(({ number }) => number),
      writes.map(({ parent }) => parent),
      writes.map(({ sortOrder }) => sortOrder),
      actorOf(context),
      plan.document,
    ],
  )
  const created = new Set(rows.filter((row) => row.created).map(({ address }) => address))
  const wrong = writes.filter(({ action, address }) => (action === 'create') !== created.has(address))
  if (wrong.length === 0) return
  throw driftStop(
    'the units are no longer as planned',
    wrong.map(({ address, action }) => `unit ${address} was planned as ${action}, which no longer fits`),
    'cancel this run and start another',
    'nothing was written',
  )
}

async function writtenUnits(sql: Sql, plan: CutPlan): Promise<WrittenUnit[]> {
  const addresses = plan.actions.filter(({ action }) => action !== 'keep').map(({ address }) => address)
  const { rows } = await sql.query<WrittenUnit>(
    `select u.canonical_address as address, u.id as "unitId", v.id as "versionId", v.version_seq as "versionSeq"
     from public.information_unit u join public.unit_version v on v.id = u.version_anchor_ref
     where u.canonical_address = any ($1) order by u.sort_order`,
    [addresses],
  )
  return rows
}

function resultOf(rows: WrittenUnit[], plan: CutPlan): EffectResult<Output> {
  const evidence = jsonEvidence('leg-a', rows)
  const count = (action: string) => plan.actions.filter((one) => one.action === action).length
  return {
    output: { created: count('create'), adopted: count('adopt'), legADigest: evidence.digest },
    evidence: [evidence],
  }
}
