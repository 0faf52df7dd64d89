import { formatReading } from '../../document/profiles/reading.ts'
import type { Approval } from '../../domain/approval.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { digestOf } from '../../domain/json.ts'
import type { Sql } from '../../targets/target.ts'
import { actorOf } from './document-writer.ts'
import { EXECUTOR_REVISION, governanceIds } from './governance-ids.ts'
import { buildReviewRow, insertRows } from './governance-rows.ts'
import { type CutPlan, isVersion } from './plan.ts'
import type { WrittenUnit } from './write-units.ts'

interface CutFacts {
  plan: CutPlan
  written: WrittenUnit[]
  approval: Approval
}

/** Writes the governance rows of a cut, all but the verifier's two. */
export async function writeGovernance(sql: Sql, context: EffectContext, facts: CutFacts): Promise<void> {
  const { plan, written, approval } = facts
  const { changeSetId, envelopeId } = governanceIds(context.runId)
  const payload = buildPayload(facts)
  await insertChangeSet(sql, context, facts, payload)
  await insertBlocks(sql, plan, written, envelopeId)
  await insertRows(sql, table('manifest_unit_block'), await buildOriginBlocks(sql, plan, envelopeId))
  await insertAffectedRows(sql, plan, written, changeSetId)
  await insertRows(sql, table('review_decision'), [
    buildReviewRow(approval, `rd-${approval.approvalId}`, 'cut', envelopeId),
  ])
  await insertBacklog(sql, context, facts)
  await insertExecutorSignature(sql, context, payload)
}

const table = (name: string) => `cutter_governance.${name}`

/** Builds the summary of a change set, from which the verifier reassembles the document. */
function buildPayload({ plan, written }: CutFacts) {
  const {
    sourceVersionId,
    sha256: sourceSha256,
    bytes,
    reading,
    profile,
    profileVersion: version,
  } = plan.source
  return {
    document: plan.document,
    sourceVersionId,
    sourceSha256,
    profile: formatReading({ profile, version }),
    ...(reading === undefined ? {} : { reading }),
    bytes,
    units: written.length,
    endings: plan.endings.length,
    aliases: plan.aliases.length,
    ...(plan.sourceIds === undefined ? {} : { sourceIds: plan.sourceIds }),
    layout: plan.layout,
  }
}

async function insertChangeSet(
  sql: Sql,
  context: EffectContext,
  { plan, approval }: CutFacts,
  payload: ReturnType<typeof buildPayload>,
): Promise<void> {
  const ids = governanceIds(context.runId)
  await insertRows(sql, table('cut_change_set'), [
    {
      change_set_id: ids.changeSetId,
      rollback_key: `rb-${context.runId}`,
      payload_summary: payload,
      created_by: actorOf(context),
    },
  ])
  await insertRows(sql, table('manifest_envelope'), [
    {
      envelope_id: ids.envelopeId,
      operation_kind: plan.operation,
      status: 'executed',
      source_doc_ref: plan.document,
      cut_change_set_ref: ids.changeSetId,
      reviewer: approval.statement.approver,
      created_by: actorOf(context),
    },
  ])
}

async function insertBacklog(sql: Sql, context: EffectContext, { plan, approval }: CutFacts): Promise<void> {
  const { backlogId, envelopeId, sweepId } = governanceIds(context.runId)
  const actor = actorOf(context)
  await insertRows(sql, table('decision_backlog_entry'), [
    {
      backlog_entry_id: backlogId,
      title: `cut ${plan.document}`,
      source_doc_ref: plan.document,
      manifest_id: envelopeId,
      created_by: actor,
    },
  ])
  await insertRows(
    sql,
    table('decision_backlog_history'),
    ['opened', 'planned', 'authorized', 'cut', 'recorded'].map((status, index) => ({
      history_id: `${backlogId}-${index + 1}`,
      backlog_entry_id: backlogId,
      history_seq: index + 1,
      status,
      actor: status === 'authorized' ? approval.statement.approver : actor,
    })),
  )
  await insertRows(sql, table('decision_backlog_sweep_log'), [
    { sweep_id: sweepId, backlog_entry_id: backlogId, swept_by: actor, findings: { open: 0 } },
  ])
}

async function insertExecutorSignature(
  sql: Sql,
  context: EffectContext,
  payload: ReturnType<typeof buildPayload>,
): Promise<void> {
  const { executorSignatureId, changeSetId } = governanceIds(context.runId)
  await insertRows(sql, table('dot_pair_signature'), [
    {
      signature_id: executorSignatureId,
      signature_kind: 'executor',
      signer_dot_id: 'cutter-executor',
      signer_identity: actorOf(context),
      signer_tool_revision: EXECUTOR_REVISION,
      payload_hash: digestOf(payload),
      cross_reference_change_set_id: changeSetId,
    },
  ])
}

/** Inserts a block for each written unit. Thousands are inserted by columns, which takes a third of the time of JSON. */
async function insertBlocks(
  sql: Sql,
  plan: CutPlan,
  written: WrittenUnit[],
  envelopeId: string,
): Promise<void> {
  const planned = new Map(plan.actions.map((action) => [action.address, action]))
  const actions = written.map(({ address }) => planned.get(address)!)
  await sql.query(
    `insert into cutter_governance.manifest_unit_block
       (envelope_id, unit_local_id, block_role, source_span, render_order, target_unit_id, proposed_canonical_address,
        proposed_authority, payload_summary)
     select $1, 'u' || u.sort_order, 'result', jsonb_build_object('start', u.first, 'end', u.last), u.sort_order, u.unit_id,
       u.address, $2, jsonb_build_object('contentHash', u.content_hash, 'title', u.title)
     from unnest($3::int[], $4::int[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::text[])
       as u (sort_order, first, last, unit_id, address, content_hash, title)`,
    [
      envelopeId,
      plan.document,
      actions.map(({ sortOrder }) => sortOrder),
      actions.map(({ start }) => start),
      actions.map(({ end }) => end),
      written.map(({ unitId }) => unitId),
      written.map(({ address }) => address),
      actions.map(({ contentHash }) => contentHash),
      actions.map(({ title }) => title),
    ],
  )
}

/** Builds blocks for the units that the text no longer has. They end under the second gate's decision; here they are only named. */
async function buildOriginBlocks(
  sql: Sql,
  { endings, document }: CutPlan,
  envelopeId: string,
): Promise<object[]> {
  if (endings.length === 0) return []
  const { rows } = await sql.query<{ address: string; unitId: string }>(
    `select canonical_address as address, id as "unitId" from public.information_unit where canonical_address = any ($1)`,
    [endings.map(({ address }) => address)],
  )
  const units = new Map(rows.map(({ address, unitId }) => [address, unitId]))
  return endings.map(({ action, address, contentHash, sortOrder, successors }, index) => ({
    envelope_id: envelopeId,
    unit_local_id: `o${index + 1}`,
    block_role: 'origin',
    source_span: {},
    render_order: sortOrder ?? 0,
    target_unit_id: units.get(address) ?? null,
    proposed_canonical_address: address,
    proposed_authority: document,
    payload_summary: { contentHash, action, successors },
  }))
}

/** Inserts the affected rows. For a unit that stays in force, the affected row is the new version. */
async function insertAffectedRows(
  sql: Sql,
  plan: CutPlan,
  written: WrittenUnit[],
  changeSetId: string,
): Promise<void> {
  const versions = new Set(plan.actions.filter(isVersion).map(({ address }) => address))
  await sql.query(
    `insert into cutter_governance.cut_change_set_affected_row (affected_row_id, change_set_id, target_table, target_row_id)
     select $1 || '-' || r.id, $1, case when r.is_version then 'unit_version' else 'information_unit' end, r.id
     from unnest($2::uuid[], $3::boolean[]) as r (id, is_version)`,
    [
      changeSetId,
      written.map(({ address, unitId, versionId }) => (versions.has(address) ? versionId : unitId)),
      written.map(({ address }) => versions.has(address)),
    ],
  )
}
