import type { ClientBase } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../../src/domain/json.ts'
import {
  EXPECTED_GRANT_FACTS,
  EXPECTED_GRANT_MATRIX_DIGEST,
  grantDifferences,
  readGrantFacts,
} from '../../../src/targets/postgres/grant-facts.ts'
import { initTarget } from '../../../src/targets/postgres/init-target.ts'
import { readSurface, readSurvey } from '../../../src/targets/postgres/read-survey.ts'
import { GOVERNANCE_TABLES, UNIT_TABLES } from '../../../src/targets/postgres/target-schema.ts'
import { type Survey, surfaceDifferences } from '../../../src/targets/survey.ts'
import { initOptions, startTarget, type TargetCluster } from '../../support/pg-cluster.ts'

const DOCUMENT = 'ICX-CONST'
const UNITS = 3

let target: TargetCluster

beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

async function look(client: ClientBase, document = DOCUMENT): Promise<Survey> {
  await client.query('begin read only')
  try {
    return await readSurvey(client, document)
  } finally {
    await client.query('rollback')
  }
}

async function inTransaction(client: ClientBase, work: () => Promise<unknown>): Promise<void> {
  await client.query('begin')
  try {
    await work()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** Runs `look` after the superuser's `change`, and undoes the change. */
async function whileChanged<Result>(
  change: string,
  find: (client: ClientBase) => Promise<Result>,
): Promise<Result> {
  await target.superuser.query('begin')
  try {
    await target.superuser.query(change)
    return await find(target.superuser)
  } finally {
    await target.superuser.query('rollback')
  }
}

async function governanceRows(): Promise<Record<string, number>> {
  const { counts } = await look(target.verifier)
  return Object.fromEntries(GOVERNANCE_TABLES.map((table) => [table, counts.whole[table] ?? Number.NaN]))
}

/** Leg B of a cut: the rows that the executor records. */
async function recordCut(client: ClientBase, cut: string, unitIds: string[]): Promise<void> {
  const governance = 'insert into cutter_governance'
  await client.query(
    `${governance}.manifest_envelope (envelope_id, operation_kind, source_doc_ref, cut_change_set_ref, created_by) values ($1, 'first_cut', $2, $1, 'x')`,
    [cut, DOCUMENT],
  )
  await client.query(
    `${governance}.manifest_unit_block (envelope_id, unit_local_id, block_role, source_span, render_order, target_unit_id, proposed_canonical_address)
       select $1, 'u' || n, 'result', '{"from": 1, "to": 2}', n, id, 'A/' || n from unnest($2::uuid[]) with ordinality as unit (id, n)`,
    [cut, unitIds],
  )
  await client.query(
    `${governance}.review_decision (review_decision_id, governance_event_kind, manifest_id, verdict, reviewer_class, reviewer_identity, decision_at, decided_by)
       values ($1, 'cut', $1, 'approve', 'human', 'alice', now(), 'alice')`,
    [cut],
  )
  await client.query(
    `${governance}.cut_change_set (change_set_id, rollback_key, payload_summary, created_by) values ($1, $1, '{}', 'x')`,
    [cut],
  )
  await client.query(
    `${governance}.cut_change_set_affected_row (change_set_id, target_table, target_row_id) select $1, 'information_unit', unnest($2::uuid[])`,
    [cut, unitIds],
  )
  await client.query(
    `${governance}.decision_backlog_entry (backlog_entry_id, title, source_doc_ref, manifest_id, created_by) values ($1, 'cut', $2, $1, 'x')`,
    [cut, DOCUMENT],
  )
  await client.query(
    `${governance}.decision_backlog_history (backlog_entry_id, history_seq, status, actor)
       select $1, n, status, 'x' from unnest(array['registered', 'marked', 'planned', 'approved', 'cut']) with ordinality as h (status, n)`,
    [cut],
  )
  await client.query(
    `${governance}.decision_backlog_sweep_log (backlog_entry_id, swept_by) values ($1, 'x')`,
    [cut],
  )
  await sign(client, cut, 'executor', 'change_set')
}

const sign = (client: ClientBase, cut: string, kind: string, of: 'change_set' | 'verify_result') =>
  client.query(
    `insert into cutter_governance.dot_pair_signature
       (signature_id, signature_kind, signer_dot_id, signer_identity, signer_tool_revision, payload_hash, cross_reference_${of}_id)
     values ($1, $2, 'dot', $2, '1', $3, $4)`,
    [`${cut}/${kind}`, kind, digestOf(cut), cut],
  )

const recordVerification = (client: ClientBase, cut: string, tool = 'verifier/1') =>
  client.query(
    `insert into cutter_governance.verify_result
       (verify_result_id, change_set_id, manifest_id, review_decision_id, executor_signature_id, verifier_signature_id,
        executor_tool_revision, verifier_tool_revision, verify_kind, axis_1_status, axis_2_status, verdict, canonicalization_rule_used)
     values ($1, $1, $1, $1, $1 || '/executor', $1 || '/verifier', 'executor/1', $2, 'write_verify', 'pass', 'pass', 'pass', 'rfc8785')
     returning tool_revision_match`,
    [cut, tool],
  )

async function someUnits(prefix: string): Promise<string[]> {
  const { rows } = await target.executor.query(
    `select u.unit_id from generate_series(1, $2::int) n, lateral fn_iu_create($1 || n, 't', 'text ' || n, 'x', p_doc_code => $3) u`,
    [`${DOCUMENT}/${prefix}-`, UNITS, DOCUMENT],
  )
  return rows.map((row) => row.unit_id)
}

describe('the governance rows of a cut', () => {
  test(`a cut of ${UNITS} units writes 13 + 2 × ${UNITS} rows, by two roles in two transactions`, async () => {
    const units = await someUnits('DIEU')
    const before = await governanceRows()
    await inTransaction(target.executor, () => recordCut(target.executor, 'cut-1', units))
    await inTransaction(target.verifier, async () => {
      const { rows } = await recordVerification(target.verifier, 'cut-1')
      expect(rows).toEqual([{ tool_revision_match: false }])
      await sign(target.verifier, 'cut-1', 'verifier', 'verify_result')
    })
    const after = await governanceRows()
    const written = Object.fromEntries(
      GOVERNANCE_TABLES.map((table) => [table, after[table]! - before[table]!]),
    )
    expect(written).toEqual({
      manifest_envelope: 1,
      manifest_unit_block: UNITS,
      cut_change_set: 1,
      cut_change_set_affected_row: UNITS,
      review_decision: 1,
      verify_result: 1,
      dot_pair_signature: 2,
      canonical_address_alias: 0,
      decision_backlog_entry: 1,
      decision_backlog_history: 5,
      decision_backlog_dependency: 0,
      decision_backlog_sweep_log: 1,
    })
    expect(Object.values(written).reduce((sum, rows) => sum + rows, 0)).toBe(13 + 2 * UNITS)
    const { counts } = await look(target.verifier)
    expect(counts.document).toMatchObject({
      information_unit: UNITS,
      manifest_unit_block: UNITS,
      verify_result: 1,
    })
    expect((await look(target.verifier, 'OTHER')).counts.document).toMatchObject({
      information_unit: 0,
      verify_result: 0,
    })
  })

  test('governance rows cannot be written by the wrong role', async () => {
    const denied = { code: '42501' }
    await expect(recordCut(target.verifier, 'cut-2', [])).rejects.toMatchObject(denied)
    await expect(recordCut(target.reader, 'cut-2', [])).rejects.toMatchObject(denied)
    await expect(recordVerification(target.executor, 'cut-1')).rejects.toMatchObject(denied)
    await expect(sign(target.reader, 'cut-2', 'executor', 'change_set')).rejects.toMatchObject(denied)
  })

  test('a cut cannot be signed with another role’s kind, not even through SET ROLE', async () => {
    await expect(sign(target.executor, 'cut-3', 'verifier', 'verify_result')).rejects.toMatchObject({
      code: 'CU013',
    })
    await expect(sign(target.verifier, 'cut-3', 'executor', 'change_set')).rejects.toMatchObject({
      code: 'CU013',
    })
    await target.superuser.query('set role cutter_verifier')
    try {
      await expect(sign(target.superuser, 'cut-3', 'verifier', 'verify_result')).rejects.toMatchObject({
        code: 'CU013',
      })
      await expect(recordVerification(target.superuser, 'cut-1')).rejects.toMatchObject({ code: 'CU013' })
    } finally {
      await target.superuser.query('reset role')
    }
  })

  test('a cut cannot be verified by the tool that wrote it, nor without the verifier’s signature', async () => {
    await expect(recordVerification(target.verifier, 'cut-1', 'executor/1')).rejects.toMatchObject({
      constraint: 'verify_result_is_by_another_tool',
    })
    await inTransaction(target.executor, () => recordCut(target.executor, 'cut-4', []))
    await expect(
      inTransaction(target.verifier, () => recordVerification(target.verifier, 'cut-4')),
    ).rejects.toMatchObject({ constraint: 'verify_result_names_the_verifier' })
  })

  test('a signature names exactly one thing', async () => {
    const sql = `insert into cutter_governance.dot_pair_signature
      (signature_kind, signer_dot_id, signer_identity, signer_tool_revision, payload_hash, cross_reference_change_set_id, cross_reference_verify_result_id)
      values ('executor', 'd', 'x', '1', $1, $2, $2)`
    const names = { constraint: 'dot_pair_signature_names_one_thing' }
    await expect(target.executor.query(sql, [digestOf(1), 'cut-1'])).rejects.toMatchObject(names)
    await expect(target.executor.query(sql, [digestOf(1), null])).rejects.toMatchObject(names)
  })

  test('governance rows cannot be changed by anybody', async () => {
    for (const table of GOVERNANCE_TABLES) {
      const name = `cutter_governance.${table}`
      const changes = [
        `update ${name} set created_at = now()`,
        `delete from ${name}`,
        `truncate ${name} cascade`,
      ]
      for (const change of changes) {
        await expect(target.executor.query(change), change).rejects.toMatchObject({ code: '42501' })
        await expect(target.verifier.query(change), change).rejects.toMatchObject({ code: '42501' })
        // A cascade may reach the guard of the unit tables first.
        await expect(target.superuser.query(change), change).rejects.toMatchObject({
          code: expect.stringMatching(/^CU0(12|02)$/),
        })
      }
    }
  })
})

describe('readSurvey', () => {
  test('a survey lists the document’s units by address, and identifies the server', async () => {
    await someUnits('KT')
    const { units, server } = await look(target.reader)
    const addresses = units.map((unit) => unit.address)
    expect(addresses).toEqual(
      [1, 2, 3].flatMap((n) => [`${DOCUMENT}/DIEU-${n}`, `${DOCUMENT}/KT-${n}`]).sort(),
    )
    expect(units[0]).toMatchObject({
      lifecycleStatus: 'draft',
      versionStatus: 'draft',
      versionSeq: 1,
      createdBy: 'x',
    })
    expect(units[0]?.contentHash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(server).toMatchObject({ database: 'main', user: 'cutter_reader' })
    expect(server.systemIdentifier).toMatch(/^\d{15,}$/)
    expect((await look(target.reader, 'OTHER')).units).toEqual([])
  })

  test('a survey lists the tables that the reader may not read, with null as their counts', async () => {
    const { counts, unreadable } = await look(target.reader)
    expect(unreadable).toEqual([...GOVERNANCE_TABLES])
    expect(counts.whole.review_decision).toBeNull()
    expect(counts.document.review_decision).toBeNull()
    for (const table of UNIT_TABLES) expect(counts.whole[table], table).toBeTypeOf('number')
    expect((await look(target.verifier)).unreadable).toEqual([])
    await expect(target.reader.query('select from cutter_governance.review_decision')).rejects.toMatchObject({
      code: '42501',
    })
  })

  test('a survey gets no transaction id and leaves the search path unchanged', async () => {
    await target.reader.query(`set search_path = public, pg_catalog`)
    await target.reader.query('begin')
    await readSurvey(target.reader, DOCUMENT)
    const { rows } = await target.reader.query(
      `select pg_current_xact_id_if_assigned() as id, current_setting('search_path') as path`,
    )
    await target.reader.query('rollback; reset search_path')
    expect(rows).toEqual([{ id: null, path: 'public, pg_catalog' }])
  })

  test('a surface is the same for each role, in another database and in a copy by template', async () => {
    const { surface, grantMatrixDigest } = await look(target.reader)
    const admin = await target.connect('postgres', 'postgres')
    await admin.query('create database second')
    const second = await target.connect('postgres', 'second')
    await initTarget(second, initOptions)
    await second.end()
    await admin.query('create database copied template second')
    const others = [
      target.reader,
      target.executor,
      target.verifier,
      target.superuser,
      await target.connect('cutter_reader', 'second'),
      await target.connect('cutter_reader', 'copied'),
    ]
    for (const client of others) {
      const other = await look(client)
      expect(surfaceDifferences(surface, other.surface)).toEqual([])
      expect(digestOf(other.surface)).toBe(digestOf(surface))
      expect(other.grantMatrixDigest).toBe(grantMatrixDigest)
    }
  })

  test('a survey has the expected grant matrix digest', async () => {
    expect((await look(target.reader)).grantMatrixDigest).toBe(EXPECTED_GRANT_MATRIX_DIGEST)
  })

  test.each([
    [
      'a dropped trigger',
      'drop trigger a_writers_only on information_unit',
      'trigger removed: public.information_unit.a_writers_only',
    ],
    [
      'a disabled trigger',
      'alter table unit_version disable trigger b_change',
      'trigger changed: public.unit_version.b_change',
    ],
    [
      'another trigger',
      'create trigger z before insert on unit_version for each row execute function suppress_redundant_updates_trigger()',
      'trigger added: public.unit_version.z',
    ],
    [
      'another function body',
      `create or replace function cutter_governance.writers_only() returns trigger language plpgsql
         set search_path = pg_catalog, pg_temp as $$ begin return null; end $$`,
      'function changed: cutter_governance.writers_only()',
    ],
    [
      'a function without its rights',
      'alter function cutter_governance.birth_gate_2() security invoker',
      'function changed: cutter_governance.birth_gate_2()',
    ],
    [
      'a dropped constraint',
      'alter table unit_version drop constraint unit_version_has_a_text',
      'constraint removed: public.unit_version.unit_version_has_a_text',
    ],
    [
      'a column that may be null',
      'alter table unit_version alter column body drop not null',
      'table changed: public.unit_version',
    ],
    [
      'row security',
      'alter table information_unit enable row level security',
      'table changed: public.information_unit',
    ],
    [
      'an extra grant',
      'grant insert on information_unit to cutter_executor',
      'grant added: insert on table public.information_unit to cutter_executor',
    ],
    [
      'an extra grant on a column',
      'grant update (body) on unit_version to cutter_executor',
      'grant added: update on column public.unit_version.body to cutter_executor',
    ],
    [
      'a grant to everybody',
      'grant create on schema public to public',
      'grant added: create on schema public to public',
    ],
    [
      'a grant taken away',
      'revoke select on unit_version from cutter_reader',
      'grant removed: select on table public.unit_version to cutter_reader',
    ],
  ])('surfaceDifferences reports %s', async (_what, change, difference) => {
    const { surface } = await look(target.reader)
    const found = await whileChanged(change, readSurface)
    const [line, ...others] = surfaceDifferences(surface, found)
    expect(others).toEqual([])
    const [what, hashes] = line!.split(/, (?=sha256:)/)
    expect(what).toBe(difference)
    // A change names both hashes. An addition or a removal has nothing to compare.
    if (!difference.includes(' changed: ')) expect(hashes).toBeUndefined()
    else expect(hashes).toMatch(/^sha256:([0-9a-f]{64}) → sha256:(?!\1)[0-9a-f]{64}$/)
  })
})

describe('readGrantFacts', () => {
  test('grant facts are as expected for every role that asks', async () => {
    for (const client of [target.reader, target.executor, target.verifier]) {
      expect(await readGrantFacts(client)).toEqual(EXPECTED_GRANT_FACTS)
    }
    expect(EXPECTED_GRANT_FACTS).toMatchObject({
      executor_may_call_fn_iu_create: true,
      executor_may_insert_information_unit: false,
      executor_may_create_in_public: false,
      reader_may_use_cutter_governance: false,
      reader_may_call_fn_iu_create: false,
      verifier_may_insert_verify_result: true,
      verifier_may_insert_review_decision: false,
      executor_may_insert_verify_result: false,
    })
  })

  test.each([
    [
      'grant insert on information_unit to public',
      'executor_may_insert_information_unit is true, expected false',
    ],
    [
      'grant update (title) on unit_version to cutter_executor',
      'executor_may_change_unit_version is true, expected false',
    ],
    [
      'grant usage on schema cutter_governance to cutter_reader',
      'reader_may_use_cutter_governance is true, expected false',
    ],
    ['grant pg_read_all_data to cutter_reader', 'reader_is_member_of_any_role is true, expected false'],
    [
      'alter role cutter_executor bypassrls',
      'executor_is_superuser_or_may_make_roles is true, expected false',
    ],
    [
      'revoke execute on function fn_iu_create(text, text, text, text, text, text, text, text, text, text, text, int) from cutter_executor',
      'executor_may_call_fn_iu_create is false, expected true',
    ],
    [
      'revoke execute on function fn_iu_enact(text[], int[], text, text, text, text, text) from cutter_executor',
      'executor_may_call_fn_iu_enact is false, expected true',
    ],
    ['drop function fn_iu_retire', 'executor_may_call_fn_iu_retire is false, expected true'],
    [
      'grant execute on function fn_iu_enact(text[], int[], text, text, text, text, text) to cutter_verifier',
      'verifier_may_call_fn_iu_enact is true, expected false',
    ],
  ])('grant facts differ after: %s', async (change, difference) => {
    expect(grantDifferences(await whileChanged(change, readGrantFacts))).toContain(difference)
  })

  test('all grant facts are false in a database without a target', async () => {
    const elsewhere = await target.connect('cutter_reader', 'postgres')
    const facts = await readGrantFacts(elsewhere)
    expect(facts.executor_may_call_fn_iu_create).toBe(false)
    expect(facts.reader_may_select_information_unit).toBe(false)
  })
})
