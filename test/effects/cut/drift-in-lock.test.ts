import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonEvidence } from '../../../src/domain/evidence.ts'
import { planLifecycle } from '../../../src/effects/cut/lifecycle-plan.ts'
import { type CutBench, CutRun, startCutBench } from './cut-fixture.ts'

// The target is checked at the gate, and again inside the lock and the transaction that writes. The time between the two is too short for
// a test, so these tests call the write effects with plans that were made before the change.

let bench: CutBench
beforeAll(async () => {
  bench = await startCutBench()
})
afterAll(() => bench?.cluster.stop())

const newRun = (document?: string) => new CutRun(bench, document)

describe('cut_leg_a inside its lock', () => {
  test('cut_leg_a writes nothing when units of the document have appeared since the plan, and lists them', async () => {
    const run = newRun()
    const { given } = await run.planned()
    for (const n of [8, 9]) await run.insert(`${run.document}/ARTICLE-${n}`, `Somebody else’s ${n}.`)
    await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        message: expect.stringContaining(`${run.document}/ARTICLE-8 has appeared (draft) (and 1 more)`),
        data: {
          differences: [8, 9].map((n) => `unit ${run.document}/ARTICLE-${n} has appeared (draft)`),
        },
      },
    })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
    expect(await run.probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
  })

  test('cut_leg_a writes nothing when a guard was dropped since the plan, and names it', async () => {
    const run = newRun()
    const { given } = await run.planned()
    await bench.cluster.superuser.query('drop trigger b_birth_gate_1 on public.unit_version')
    try {
      await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
        facts: {
          code: 'STOP_DRIFT',
          data: { differences: ['trigger removed: public.unit_version.b_birth_gate_1'] },
        },
      })
    } finally {
      await bench.cluster.superuser.query(`create trigger b_birth_gate_1 before insert on public.unit_version
        for each row execute function cutter_governance.version_birth_gate_1()`)
    }
    expect(await run.units()).toEqual([])
  })

  test('cut_leg_a writes when only another document changed, and its probe finds the commit', async () => {
    const run = newRun()
    const { given } = await run.planned()
    await newRun().insert('ELSEWHERE/ARTICLE-1', 'Elsewhere.')
    const { output } = await run.execute('cut_leg_a', given)
    expect(output).toMatchObject({ created: 2, adopted: 0 })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
    expect(await run.probe('cut_leg_a', given)).toMatchObject({ outcome: 'committed', output })
  })

  test('cut_leg_a waits for a writer of the same document, and then finds its rows', async () => {
    const run = newRun()
    const { given } = await run.planned()
    const other = await bench.cluster.connect('cutter_executor')
    await other.query('begin')
    await other.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `cutter/document/${run.document}`,
    ])
    const refused = expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: { code: 'STOP_DRIFT' },
    })
    await waitsForALock()
    await other.query(
      `select * from fn_iu_create(p_address => $1, p_title => 'x', p_body => 'x', p_actor => 'other', p_doc_code => $2)`,
      [`${run.document}/ARTICLE-3`, run.document],
    )
    await other.query('commit')
    await refused
    expect(await run.units()).toEqual([{ status: 'draft', n: 1 }])
  })
})

describe('lifecycle_enact inside its lock', () => {
  async function cut() {
    const run = newRun()
    const { plan, given } = await run.planned()
    const legA = await run.execute('cut_leg_a', given)
    for (const one of legA.evidence ?? []) run.keep(one)
    await run.execute('leg_b_record', { ...given, legADigest: legA.output.legADigest })
    const { survey } = await bench.target.survey(run.context, run.document)
    const lifecycle = jsonEvidence('plan/SG2', planLifecycle(plan, survey.units, survey.surface))
    const enactment = { ...given, planDigest: run.keep(lifecycle), cutPlanDigest: given.planDigest }
    return { run, enactment }
  }

  test('lifecycle_enact enacts nothing when a grant was added since the plan, and names it', async () => {
    const { run, enactment } = await cut()
    await bench.cluster.superuser.query('grant insert on public.unit_version to cutter_verifier')
    try {
      await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
        facts: {
          code: 'STOP_DRIFT',
          data: { differences: ['grant added: insert on table public.unit_version to cutter_verifier'] },
        },
      })
    } finally {
      await bench.cluster.superuser.query('revoke insert on public.unit_version from cutter_verifier')
    }
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
  })

  test('lifecycle_enact enacts nothing when drafts have changed, and lists the differences', async () => {
    const { run, enactment } = await cut()
    const [one, other] = [`${run.document}/ARTICLE-1`, `${run.document}/ARTICLE-2`]
    await bench.cluster.superuser.query("select * from fn_iu_add_version($1, 'x', 'Else.', 'somebody')", [
      one,
    ])
    await bench.cluster.superuser.query(
      `insert into cutter_governance.review_decision (review_decision_id, governance_event_kind, verdict, findings,
         reviewer_class, reviewer_identity, decision_at, decided_by)
       values ('rd-other', 'enact', 'approve', '{}', 'human', 'somebody', now(), 'somebody')`,
    )
    await bench.cluster.superuser.query(
      "select * from fn_iu_enact(p_address => $1, p_actor => 'somebody', p_review_decision_id => 'rd-other')",
      [other],
    )
    await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: [
            expect.stringMatching(
              `^unit ${one} has another text: sha256:[0-9a-f]{64} → sha256:[0-9a-f]{64}$`,
            ),
            `unit ${other} was draft, is enacted`,
            `unit ${other}, its version, was draft, is enacted`,
            `unit ${one} was at version 1, is at 2`,
          ],
        },
      },
    })
  })

  test('lifecycle_enact writes nothing to another database with the same content', async () => {
    const { run, enactment } = await cut()
    const plan = JSON.parse(Buffer.from(await run.context.evidence(enactment.planDigest)).toString())
    plan.target.database = 'elsewhere'
    const planDigest = run.keep(jsonEvidence('plan/SG2', plan))
    await expect(run.execute('lifecycle_enact', { ...enactment, planDigest })).rejects.toMatchObject({
      facts: { data: { differences: ['the target is another database: elsewhere → main'] } },
    })
    expect(await run.units()).toEqual([{ status: 'draft', n: 2 }])
  })

  test('lifecycle_enact enacts all units when nothing has changed, and its probe finds the commit', async () => {
    const { run, enactment } = await cut()
    expect(await run.probe('lifecycle_enact', enactment)).toEqual({ outcome: 'not-committed' })
    expect((await run.execute('lifecycle_enact', enactment)).output).toMatchObject({ enacted: 2 })
    expect(await run.units()).toEqual([{ status: 'enacted', n: 2 }])
    expect(await run.probe('lifecycle_enact', enactment)).toMatchObject({
      outcome: 'committed',
      output: { enacted: 2 },
    })
  })
})

/** Returns when a session of the executor waits for an advisory lock. */
async function waitsForALock(): Promise<void> {
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted`
  while ((await bench.cluster.superuser.query(waiting)).rowCount === 0);
}
