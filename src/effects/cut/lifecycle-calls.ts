import type { EffectContext } from '../../domain/effect.ts'
import type { Sql } from '../../targets/target.ts'
import { actorOf } from './document-writer.ts'
import { governanceIds } from './governance-ids.ts'
import { insertRows } from './governance-rows.ts'
import type { LifecycleAction, LifecyclePlan } from './lifecycle-plan.ts'
import type { Alias } from './plan.ts'
import { sourceIdAlias } from './source-ids.ts'

/** The arguments of every call: actor, review decision, change set, reason and tool revision. */
type CallArguments = (string | null)[]

/** Moves units through their lifecycle, with one statement for each function. Returns the number of units that moved. */
export async function moveUnits(
  sql: Sql,
  actions: LifecycleAction[],
  shared: CallArguments,
): Promise<number> {
  let changed = 0
  for (const [action, statement] of Object.entries(STATEMENTS)) {
    const selected = actions.filter((one) => one.action === action)
    if (selected.length === 0) continue
    const values =
      action === 'retire' ? selected.map(({ to }) => to) : selected.map(({ versionSeq }) => versionSeq)
    const { rows } = await sql.query<{ changed: number }>(statement, [
      selected.map(({ address }) => address),
      values,
      ...shared,
    ])
    changed += rows[0]!.changed
  }
  return changed
}

const intoForce = (name: string) => `
  select count(*) filter (where changed)::int as changed from public.${name}(
    p_addresses => $1, p_version_seqs => $2, p_actor => $3, p_review_decision_id => $4, p_change_set_id => $5, p_reason => $6,
    p_tool_revision => $7)`

const STATEMENTS: Record<LifecycleAction['action'], string> = {
  enact: intoForce('fn_iu_enact'),
  revive: intoForce('fn_iu_enact'),
  supersede: intoForce('fn_iu_supersede'),
  retire: `
    select count(*) filter (where done.changed)::int as changed
    from unnest($1::text[], $2::text[]) as u (address, to_status),
    lateral public.fn_iu_retire(
      p_address => u.address, p_target_state => u.to_status, p_actor => $3, p_review_decision_id => $4, p_change_set_id => $5,
      p_reason => $6, p_tool_revision => $7) as done`,
}

/** Writes the rows that lead from the old address of a text to the unit that has it now. */
export async function writeAliases(sql: Sql, context: EffectContext, aliases: Alias[]): Promise<void> {
  if (aliases.length === 0) return
  const { changeSetId } = governanceIds(context.runId)
  const { rows } = await sql.query<{ address: string; unitId: string }>(
    'select canonical_address as address, id as "unitId" from public.information_unit where canonical_address = any ($1)',
    [aliases.map(({ address }) => address)],
  )
  const units = new Map(rows.map(({ address, unitId }) => [address, unitId]))
  await insertRows(
    sql,
    'cutter_governance.canonical_address_alias',
    aliases.map(({ kind, aliasAddress, address }, index) => ({
      alias_id: `al-${context.runId}-${index + 1}`,
      alias_kind: kind,
      alias_address: aliasAddress,
      target_unit_id: units.get(address),
      change_set_id: changeSetId,
      created_by: actorOf(context),
    })),
  )
}

/**
 * Writes the ids by which other systems cite units. An id has its document before it, because two documents may have the same one. A row that
 * an earlier cut wrote stays as it is.
 */
export async function writeSourceIds(
  sql: Sql,
  context: EffectContext,
  { document, sourceIds = [] }: Pick<LifecyclePlan, 'document' | 'sourceIds'>,
): Promise<void> {
  if (sourceIds.length === 0) return
  await sql.query(
    `insert into cutter_governance.canonical_address_alias
       (alias_id, alias_kind, alias_address, target_unit_id, change_set_id, created_by)
     select $1 || p.n, 'external_reference', p.alias, u.id, $2, $3
     from unnest($4::text[], $5::text[]) with ordinality as p (alias, address, n)
     cross join lateral (
       select i.id from public.information_unit i where i.canonical_address = p.address limit 1) u
     on conflict do nothing`,
    [
      `al-${context.runId}-id-`,
      governanceIds(context.runId).changeSetId,
      actorOf(context),
      sourceIds.map(({ id }) => sourceIdAlias(document, id)),
      sourceIds.map(({ address }) => address),
    ],
  )
}
